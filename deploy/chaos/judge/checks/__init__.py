"""One module per subject of judgement; each takes the evidence and writes in the docket."""
