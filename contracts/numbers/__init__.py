"""Numbers that services must agree on: how each is written, checked and kept. Every `parse_…`
takes what a stranger typed, returns the one form the house keeps, or raises a `NumberError` that
says what is wrong without repeating the number; the annotated types do so inside pydantic models.
"""

from contracts.numbers.accounts import (
    BIC,
    AccountNumber,
    BankAccount,
    Iban,
    account,
    parse_account,
    parse_iban,
)
from contracts.numbers.digits import NumberError
from contracts.numbers.giro import (
    Bankgiro,
    Plusgiro,
    format_bankgiro,
    format_plusgiro,
    parse_bankgiro,
    parse_plusgiro,
)
from contracts.numbers.identity import (
    IdentityNumber,
    OrganisationNumber,
    PersonalNumber,
    VatNumber,
    format_organisation_number,
    is_personal,
    mask_personal_number,
    parse_identity_number,
    parse_organisation_number,
    parse_personal_number,
    parse_vat_number,
    vat_number_of,
)
from contracts.numbers.ocr import (
    OcrLevel,
    OcrNumber,
    check_ocr,
    has_length_digit,
    make_ocr,
    warning_at_soft_level,
)

__all__ = [
    "BIC",
    "AccountNumber",
    "BankAccount",
    "Bankgiro",
    "Iban",
    "IdentityNumber",
    "NumberError",
    "OcrLevel",
    "OcrNumber",
    "OrganisationNumber",
    "PersonalNumber",
    "Plusgiro",
    "VatNumber",
    "account",
    "check_ocr",
    "format_bankgiro",
    "format_organisation_number",
    "format_plusgiro",
    "has_length_digit",
    "is_personal",
    "make_ocr",
    "mask_personal_number",
    "parse_account",
    "parse_bankgiro",
    "parse_iban",
    "parse_identity_number",
    "parse_organisation_number",
    "parse_personal_number",
    "parse_plusgiro",
    "parse_vat_number",
    "vat_number_of",
    "warning_at_soft_level",
]
