"""Door 3: somebody asks. One router per subject; `forms` reads what strangers send."""
