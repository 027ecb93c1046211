"""What can be looked for: every entity, whose it is, what proves it, and whether it is on by default.

``proof`` says what makes a number of that kind more than a number: ``format`` (its form alone),
``checksum`` (its form and its check digits), ``context`` (words nearby, such as "passport"),
``checksum and context`` (the check digits are too few to be proof) or ``model`` (see
`workbench.names`). A country's entities are looked for when the country is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Proof = Literal["format", "checksum", "context", "checksum and context", "model"]


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of personal datum. ``country`` None: everywhere."""

    name: str
    title: str
    proof: Proof
    default: bool = True
    country: str | None = None


COUNTRIES = {
    "at": "Austria", "au": "Australia", "be": "Belgium", "br": "Brazil", "ca": "Canada", "ch": "Switzerland",
    "cn": "China", "de": "Germany", "dk": "Denmark", "es": "Spain", "fi": "Finland", "fr": "France",
    "gb": "United Kingdom", "ie": "Ireland", "in": "India", "it": "Italy", "kr": "Korea", "mx": "Mexico",
    "ng": "Nigeria", "nl": "Netherlands", "no": "Norway", "ph": "Philippines", "pl": "Poland",
    "pt": "Portugal", "se": "Sweden", "sg": "Singapore", "th": "Thailand", "tr": "Turkey",
    "us": "United States", "za": "South Africa",
}  # fmt: skip

EVERYWHERE = (
    Entity("PERSON", "name of a person", "model"),
    Entity("LOCATION", "place", "model"),
    Entity("ORGANIZATION", "organisation", "model", default=False),
    Entity("EMAIL_ADDRESS", "e-mail address", "format"),
    Entity("PHONE_NUMBER", "telephone number", "format"),
    Entity("CREDIT_CARD", "payment card", "checksum"),
    Entity("IBAN_CODE", "bank account (IBAN)", "checksum"),
    Entity("IP_ADDRESS", "IP address", "format"),
    Entity("MAC_ADDRESS", "hardware address", "format"),
    Entity("CRYPTO", "wallet", "checksum"),
    Entity("URL", "web address of a person's profile", "format"),
    Entity("ANY_URL", "any web address", "format", default=False),
    Entity("DATE_OF_BIRTH", "date of birth", "context"),
    Entity("STREET_ADDRESS", "street and number", "format"),
    Entity("POSTCODE", "postcode", "format"),
    Entity("PASSPORT", "passport number", "context"),
    Entity("DRIVER_LICENSE", "driving licence", "context"),
    Entity("ID_NUMBER", "identity card or other number of a person", "context"),
    Entity("BANK_ACCOUNT", "account number", "context"),
    Entity("VEHICLE_ID", "vehicle identification number", "checksum and context", default=False),
    Entity("AGE", "age", "context", default=False),
    Entity("USERNAME", "user name or handle", "context", default=False),
    Entity("DATE_TIME", "date", "format", default=False),
)


def _country(
    code: str, *entries: tuple[str, str, Proof] | tuple[str, str, Proof, bool]
) -> tuple[Entity, ...]:
    return tuple(Entity(*(entry if len(entry) == 4 else (*entry, True)), country=code) for entry in entries)


BOTH: Proof = "checksum and context"
NATIONAL = (
    *_country(
        "us", ("US_SSN", "social security number", "format"), ("US_ITIN", "taxpayer number", "format"),
        ("US_PASSPORT", "passport", "context"), ("US_DRIVER_LICENSE", "driver licence", "context"),
        ("US_BANK_NUMBER", "account number", "context"), ("US_MBI", "Medicare beneficiary", "context"),
        ("US_NPI", "health-care provider", BOTH), ("MEDICAL_LICENSE", "DEA number", BOTH),
        ("ABA_ROUTING_NUMBER", "bank routing number", BOTH, False),
        ("US_HEALTH_INSURANCE_MEMBER_ID", "health plan member", "context"),
        ("US_CLAIM_NUMBER", "insurance claim", "context", False),
        ("US_PRESCRIPTION_NUMBER", "prescription", "context", False),
        ("US_PRIOR_AUTHORIZATION_NUMBER", "prior authorisation", "context", False),
        ("US_REFERRAL_NUMBER", "referral", "context", False),
        ("US_PROVIDER_TAX_ID", "provider's tax number", "context", False),
    ),
    *_country(
        "gb", ("UK_NHS", "NHS number", BOTH), ("UK_NINO", "National Insurance number", "format"),
        ("UK_PASSPORT", "passport", "context"), ("UK_DRIVING_LICENCE", "driving licence", "format"),
        ("UK_POSTCODE", "postcode", "context"), ("UK_VEHICLE_REGISTRATION", "number plate", "context"),
    ),
    *_country(
        "de", ("DE_TAX_ID", "Steuer-ID", BOTH), ("DE_TAX_NUMBER", "Steuernummer", "context"),
        ("DE_SOCIAL_SECURITY", "Rentenversicherungsnummer", "checksum"),
        ("DE_HEALTH_INSURANCE", "Krankenversichertennummer", BOTH), ("DE_ID_CARD", "Personalausweis", "context"),
        ("DE_PASSPORT", "Reisepass", "context"), ("DE_FUEHRERSCHEIN", "Führerschein", "context"),
        ("DE_KFZ", "number plate", "context"), ("DE_PLZ", "postcode", "context"),
        ("DE_LANR", "physician", BOTH, False), ("DE_BSNR", "medical practice", BOTH, False),
        ("DE_HANDELSREGISTER", "company register", "context", False), ("DE_VAT_ID", "VAT number", "context", False),
    ),
    *_country("fr", ("FR_NIR", "numéro de sécurité sociale", "checksum"), ("FR_TAX_ID", "numéro fiscal", BOTH)),
    *_country(
        "es", ("ES_NIF", "DNI/NIF", "checksum"), ("ES_NIE", "NIE", "checksum"),
        ("ES_PASSPORT", "passport", "context"), ("ES_SOCIAL_SECURITY", "número de la Seguridad Social", BOTH),
    ),
    *_country(
        "it", ("IT_FISCAL_CODE", "codice fiscale", "checksum"), ("IT_DRIVER_LICENSE", "patente", "context"),
        ("IT_IDENTITY_CARD", "carta d'identità", "context"), ("IT_PASSPORT", "passport", "context"),
        ("IT_VAT_CODE", "partita IVA", BOTH, False),
    ),
    *_country("pl", ("PL_PESEL", "PESEL", BOTH)),
    *_country("fi", ("FI_PERSONAL_IDENTITY_CODE", "henkilötunnus", "checksum")),
    *_country(
        "se", ("SE_PERSONNUMMER", "personnummer", BOTH), ("SE_ORGANISATIONSNUMMER", "company", BOTH, False),
    ),
    *_country(
        "in", ("IN_AADHAAR", "Aadhaar", BOTH), ("IN_PAN", "PAN", "context"), ("IN_PASSPORT", "passport", "context"),
        ("IN_VOTER", "voter card", "context"), ("IN_VEHICLE_REGISTRATION", "number plate", "context"),
        ("IN_GSTIN", "company tax number", "context", False),
    ),
    *_country(
        "au", ("AU_TFN", "tax file number", BOTH), ("AU_MEDICARE", "Medicare", BOTH),
        ("AU_ABN", "business number", BOTH, False), ("AU_ACN", "company number", BOTH, False),
    ),
    *_country("sg", ("SG_NRIC_FIN", "NRIC/FIN", "format"), ("SG_UEN", "company", "context", False)),
    *_country(
        "kr", ("KR_RRN", "resident number", "context"), ("KR_FRN", "foreigner number", "context"),
        ("KR_DRIVER_LICENSE", "driving licence", "context"), ("KR_PASSPORT", "passport", "context"),
        ("KR_BRN", "company", BOTH, False),
    ),
    *_country("ca", ("CA_SIN", "social insurance number", BOTH), ("CA_POSTAL_CODE", "postcode", "context")),
    *_country("ng", ("NG_NIN", "identity number", BOTH), ("NG_VEHICLE_REGISTRATION", "number plate", "context")),
    *_country(
        "ph", ("PH_PASSPORT", "passport", "context"), ("PH_TIN", "taxpayer number", "context"),
        ("PH_UMID", "UMID", "context"),
    ),
    *_country("th", ("TH_TNIN", "identity number", BOTH)),
    *_country("tr", ("TR_NATIONAL_ID", "TC kimlik", BOTH), ("TR_LICENSE_PLATE", "number plate", "context")),
    *_country(
        "za", ("ZA_ID_NUMBER", "identity number", BOTH), ("ZA_PASSPORT", "passport", "context"),
        ("ZA_DRIVER_LICENSE", "driving licence", "context"), ("ZA_LICENSE_PLATE", "number plate", "context"),
        ("ZA_INCOME_TAX_NUMBER", "tax number", "context"), ("ZA_TRAFFIC_REGISTER_NUMBER", "traffic register", "context"),
        ("ZA_COMPANY_REGISTRATION", "company", "context", False), ("ZA_VAT_NUMBER", "VAT number", "context", False),
    ),
    *_country("nl", ("NL_BSN", "burgerservicenummer", BOTH)),
    *_country("be", ("BE_NATIONAL_NUMBER", "rijksregisternummer", "checksum")),
    *_country("pt", ("PT_NIF", "NIF", BOTH)),
    *_country("ch", ("CH_AHV", "AHV number", "checksum")),
    *_country("at", ("AT_SOCIAL_SECURITY", "Sozialversicherungsnummer", BOTH)),
    *_country("br", ("BR_CPF", "CPF", "checksum")),
    *_country("dk", ("DK_CPR", "CPR", "context")),
    *_country("no", ("NO_FODSELSNUMMER", "fødselsnummer", BOTH)),
    *_country("ie", ("IE_PPS", "PPS number", BOTH)),
    *_country("mx", ("MX_CURP", "CURP", "checksum")),
    *_country("cn", ("CN_RESIDENT_ID", "resident identity card", "checksum")),
)  # fmt: skip

ENTITIES = {entity.name: entity for entity in (*EVERYWHERE, *NATIONAL)}
MODEL_ENTITIES = tuple(entity.name for entity in EVERYWHERE if entity.proof == "model")


def chosen(entities: Iterable[str] | None, countries: Iterable[str]) -> tuple[str, ...]:
    """The names of the entities to look for, in the order of the table.

    ``entities`` None: those that are on by default. A national entity that is named is looked
    for whatever the countries are.
    """
    if entities is not None:
        wanted = set(entities)
        return tuple(name for name in ENTITIES if name in wanted)
    of = set(countries)
    return tuple(e.name for e in ENTITIES.values() if e.default and (e.country is None or e.country in of))


def needs_context(entity: str) -> bool:
    """Whether a number of this kind counts only next to words that say what it is."""
    return entity in ENTITIES and ENTITIES[entity].proof in ("context", "checksum and context")
