"""collections (*inkasso*): from a hand-over to the debtor's payment or Kronofogden's last word.

Owns: cases, demands, objections to any claim, what was sent to and heard from Kronofogden, each
    creditor's collection policy, and the operator's tasks that follow.
Hears: CreditorRegistered, InvoiceIssued, HandedToCollection, RecipientChanged; PaymentAllocated,
    ClaimSettled, DemandCharged, FilingCharged, EnforcementCharged, ChargeRefused, ChargeReversed;
    DeliveryAccepted, DeliveryFailed, DeliveryStale; and Kronofogden's numbered messages.
Says: CaseOpened, DemandProposed, FilingProposed, EnforcementProposed, CaseFiled, CaseOutcomeHeard,
    EnforcementPaid, CaseWithdrawn, CaseClosed; ClaimDisputed, DisputeSettled.
Waits for: the ledger's answer to a proposal; the demand to be sent; its time to run out; the end of
    a dispute; Kronofogden's receipt, decision and news.
Never: books money, prices a cost, or asks Kronofogden for what the ledger has not charged.
"""
