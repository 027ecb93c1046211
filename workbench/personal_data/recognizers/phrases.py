"""The phrases that say what a number is, by topic and language, and the topics of each entity.

A star stands for any letters: German joins words ("Telefonnummer", "Kreditkartennummer").
"""

from __future__ import annotations

from collections.abc import Mapping

PHRASES: Mapping[str, Mapping[str, str]] = {
    "phone": {
        "en": "phone|phones|telephone|cell|cellphone|mobile|tel|tel.|call|calling|call me|text me|dial|fax|whatsapp|sms|ring|reach me|"
        "reach him|reach her|reach us|reached at|contact me|contact number|hotline|landline|voicemail|extension|callback|viber|signal",
        "de": "*telefon*|tel.|handy*|*mobil*|mobilnummer|ruf|rufen|anruf*|rufnummer|festnetz*|fax|erreichbar|erreichen|durchwahl",
        "fr": "téléphone|telephone|tél|tél.|portable|mobile|appelez|appeler|appelle|joindre|joignable|fax",
        "es": "teléfono|telefono|tel.|móvil|movil|celular|llama|llamar|llámame|llame|fax|contacto",
    },
    "card": {
        "en": "card|cards|credit card|debit card|visa|mastercard|amex|american express|discover|maestro|diners|jcb|cvv|cc",
        "de": "*karte|*kartennummer|kreditkarte*|visa|mastercard|maestro",
        "fr": "carte|carte bancaire|carte de crédit|cb|visa|mastercard",
        "es": "tarjeta|tarjeta de crédito|visa|mastercard",
    },
    "ssn": {
        "en": "ssn|ssns|social security|social|soc sec|ss#|ss number|taxpayer|tax id|itin|tin",
    },
    "passport": {
        "en": "passport|passport number|passport no|travel document",
        "de": "reisepass*|passnummer|pass-nr",
        "fr": "passeport|passeports",
        "es": "pasaporte|pasaportes",
    },
    "licence": {
        "en": "driver license|driver's license|drivers license|driver licence|driver's licence|driving licence|driving license|"
        "license number|licence number|dl number|dl no|dl#|dvla|driver license number|licence no|license no",
        "de": "führerschein*|fahrerlaubnis*",
        "fr": "permis de conduire|permis",
        "es": "permiso de conducir|carné de conducir|licencia de conducir|carnet de conducir",
    },
    "id": {
        "en": "id number|id no|id card|identity card|identity number|national id|identification number|employee id|employee number|"
        "badge number|staff id|student id|student number|patient id|patient number|medical record|mrn|member id|membership number|"
        "customer id|customer number|client id|client number|policy number|policy no|case number|account id|insurance number|"
        "claim number|record number|chart number|loyalty number|frequent flyer|license plate|military id|enrollment number",
        "de": "*ausweis*|personalnummer|kundennummer|versichertennummer|versicherungsnummer|mitgliedsnummer|matrikelnummer|aktenzeichen|"
        "patientennummer|ausweisnummer|policennummer|vertragsnummer|kundennr",
        "fr": "carte d'identité|carte nationale d'identité|cni|numéro client|numéro d'assuré|numéro de client|numéro de dossier|matricule|"
        "numéro d'adhérent|numéro de contrat|numéro de police",
        "es": "documento de identidad|número de cliente|número de socio|número de afiliado|número de expediente|número de póliza|"
        "cédula|número de paciente|historia clínica",
    },
    "bank": {
        "en": "account number|account no|acct|acct no|account#|bank account|checking account|savings account|my account|account is|"
        "routing number|sort code|aba|routing",
        "de": "kontonummer|konto|konto-nr|bankverbindung|blz",
        "fr": "numéro de compte|compte bancaire|rib",
        "es": "número de cuenta|cuenta bancaria|cuenta corriente",
    },
    "birth": {
        "en": "born|born on|dob|d.o.b|d.o.b.|date of birth|birth date|birthdate|birthday|birthdays|b.|birth|bday",
        "de": "geboren|geboren am|geb.|geb|geburtsdatum|geburtstag|geburtsdatums",
        "fr": "né|née|né(e)|née le|né le|date de naissance|anniversaire|naissance",
        "es": "nací|nació|nacido|nacida|fecha de nacimiento|cumpleaños|nacimiento",
    },
    "postcode": {
        "en": "zip|zip code|zipcode|postcode|post code|postal code|address|mailing address|delivery address|live at|living at|lives at",
        "de": "plz|postleitzahl|adresse|anschrift|wohne|wohnhaft|wohnort",
        "fr": "code postal|adresse|habite",
        "es": "código postal|dirección|cp|domicilio|vivo",
    },
    "street": {
        "en": "address|addresses|deliver to|delivered to|ship to|shipped to|residing at|resides at|lives at|live at|living at|located at|street|"
        "mail it to|send it to|moved to|home is|house is|billing|residence|property",
        "de": "adresse|anschrift|wohnt|wohnhaft|wohne|straße|lieferadresse|geliefert|senden|zugestellt",
        "fr": "adresse|habite|domicilié|domiciliée|demeurant|livrer|livraison|réside|livrez",
        "es": "dirección|domicilio|vive en|vivo en|reside|entregar|envíe|enviar|ubicado|calle",
    },
    "ip": {
        "en": "ip|ips|ip address|ipv4|ipv6|address|host|server|ping|login from|logged in from|client|source|subnet|gateway|dns|ssh",
        "de": "ip-adresse|adresse|server",
        "fr": "adresse ip|adresse|serveur",
        "es": "dirección ip|servidor",
    },
    "health": {
        "en": "nhs|nhs number|national health|health insurance|medicare|mbi|medicaid|beneficiary|npi|provider|dea|member|subscriber|"
        "prescription|medical license|health card|physician|group number",
        "de": "krankenversicher*|krankenkasse*|kvnr|gesundheitskarte|versichertenkarte|*versichertennummer|lanr|bsnr|arztnummer|betriebsstätten*",
        "fr": "sécurité sociale|carte vitale|nir|assurance maladie",
        "es": "seguridad social|nuss|afiliación|tarjeta sanitaria",
    },
    "national": {
        "en": "national id|identity|id number|national identity|tax number|tax id|taxpayer|id card|identification|identification number",
        "de": "ausweis*|personalausweis*|identifikationsnummer|finanzamt|steuerliche*",
        "fr": "numéro fiscal|impôts|identité",
        "es": "documento nacional|identificación|identidad",
    },
    "plate": {
        "en": "license plate|licence plate|number plate|plate|plate number|registration number|vehicle registration|vrn|vehicle reg|reg number|vin",
        "de": "kennzeichen|kfz-kennzeichen|nummernschild|kfz",
        "fr": "plaque|immatriculation",
        "es": "matrícula|placa",
    },
    "wallet": {"en": "wallet|btc|bitcoin|crypto|ethereum|eth|address"},
    "company": {
        "en": "company registration|registration number|vat|vat number|company number|business number|uen|abn|acn|tax invoice|ein",
        "de": "handelsregister*|ust-id*|umsatzsteuer*|amtsgericht|hrb|hra",
        "fr": "siret|siren|tva", "es": "cif",
    },
    "claim": {"en": "claim|authorization|referral|prescription|rx|approval|preauthorization"},
}  # fmt: skip
TOPICS: Mapping[str, tuple[str, ...]] = {
    "PHONE_NUMBER": ("phone",), "CREDIT_CARD": ("card",), "DATE_OF_BIRTH": ("birth",), "PASSPORT": ("passport",),
    "DRIVER_LICENSE": ("licence",), "ID_NUMBER": ("id",), "BANK_ACCOUNT": ("bank",), "US_BANK_NUMBER": ("bank",),
    "ABA_ROUTING_NUMBER": ("bank",), "POSTCODE": ("postcode", "street"),
    "STREET_ADDRESS": ("street",), "IP_ADDRESS": ("ip",), "US_SSN": ("ssn",),
    "US_ITIN": ("ssn",), "US_DRIVER_LICENSE": ("licence",), "UK_DRIVING_LICENCE": ("licence",),
    "DE_FUEHRERSCHEIN": ("licence",), "IT_DRIVER_LICENSE": ("licence", "national"), "KR_DRIVER_LICENSE": ("licence",),
    "ZA_DRIVER_LICENSE": ("licence",), "US_PASSPORT": ("passport",), "UK_PASSPORT": ("passport",),
    "DE_PASSPORT": ("passport",), "ES_PASSPORT": ("passport",), "IT_PASSPORT": ("passport",),
    "IN_PASSPORT": ("passport",), "KR_PASSPORT": ("passport",), "PH_PASSPORT": ("passport",),
    "ZA_PASSPORT": ("passport",), "UK_POSTCODE": ("postcode",), "DE_PLZ": ("postcode",),
    "CA_POSTAL_CODE": ("postcode",), "UK_NHS": ("health",), "US_MBI": ("health",), "US_NPI": ("health",),
    "MEDICAL_LICENSE": ("health",), "US_HEALTH_INSURANCE_MEMBER_ID": ("health",), "AU_MEDICARE": ("health",),
    "DE_HEALTH_INSURANCE": ("health",), "DE_LANR": ("health",), "DE_BSNR": ("health",), "FR_NIR": ("health", "national"),
    "ES_SOCIAL_SECURITY": ("health", "national"), "UK_VEHICLE_REGISTRATION": ("plate",), "DE_KFZ": ("plate",),
    "IN_VEHICLE_REGISTRATION": ("plate",), "NG_VEHICLE_REGISTRATION": ("plate",), "TR_LICENSE_PLATE": ("plate",),
    "ZA_LICENSE_PLATE": ("plate",), "ZA_TRAFFIC_REGISTER_NUMBER": ("plate",), "VEHICLE_ID": ("plate",),
    "CRYPTO": ("wallet",), "DE_HANDELSREGISTER": ("company",), "DE_VAT_ID": ("company",), "IT_VAT_CODE": ("company",),
    "SE_ORGANISATIONSNUMMER": ("company",), "IN_GSTIN": ("company",), "AU_ABN": ("company",), "AU_ACN": ("company",),
    "SG_UEN": ("company",), "KR_BRN": ("company",), "ZA_COMPANY_REGISTRATION": ("company",), "ZA_VAT_NUMBER": ("company",),
    "US_CLAIM_NUMBER": ("claim",), "US_PRESCRIPTION_NUMBER": ("claim",), "US_PRIOR_AUTHORIZATION_NUMBER": ("claim",),
    "US_REFERRAL_NUMBER": ("claim",), "US_PROVIDER_TAX_ID": ("company", "national"),
}  # fmt: skip
OTHER_TOPICS = ("national",)
# What a kind of number is called by name; nearer proof than what all of them are called.
CALLED: Mapping[str, str] = {
    "US_ITIN": "itin|individual taxpayer", "UK_NINO": "national insurance|ni number|nino|ni no",
    "UK_NHS": "nhs|nhs number|national health", "DE_TAX_ID": "steuer-id|steuerid|steueridentifikationsnummer|steuer-idnr|idnr|steuer-identifikationsnummer",
    "DE_TAX_NUMBER": "steuernummer|steuer-nr|steuernr", "DE_SOCIAL_SECURITY": "*sozialversicherung*|rentenversicherung*|svnr|sv-nummer",
    "DE_ID_CARD": "personalausweis*|ausweisnummer", "FR_NIR": "sécurité sociale|nir|numéro de sécu", "FR_TAX_ID": "numéro fiscal|spi|référence fiscale",
    "ES_NIF": "dni|nif", "ES_NIE": "nie", "ES_SOCIAL_SECURITY": "seguridad social|nuss|afiliación", "IT_FISCAL_CODE": "codice fiscale|fiscal code",
    "IT_IDENTITY_CARD": "carta d'identità|carta di identità|cie", "IT_DRIVER_LICENSE": "patente", "PL_PESEL": "pesel",
    "FI_PERSONAL_IDENTITY_CODE": "hetu|henkilötunnus|personbeteckning", "SE_PERSONNUMMER": "personnummer|personnr|samordningsnummer",
    "IN_AADHAAR": "aadhaar|aadhar|uidai", "IN_PAN": "permanent account|pan card|pan number|pan no", "IN_VOTER": "voter|epic",
    "AU_TFN": "tfn|tax file", "AU_MEDICARE": "medicare", "SG_NRIC_FIN": "nric|fin", "KR_RRN": "rrn|resident registration|주민등록번호",
    "KR_FRN": "frn|foreigner registration", "CA_SIN": "sin|social insurance|nas|assurance sociale", "NG_NIN": "nin|nimc",
    "PH_TIN": "tin|bir", "PH_UMID": "umid|crn|sss|gsis", "TH_TNIN": "tnin|thai id", "TR_NATIONAL_ID": "tc kimlik|tckn|kimlik|t.c. kimlik|tc no",
    "ZA_ID_NUMBER": "south african id|rsa id|sa id|smart id", "ZA_INCOME_TAX_NUMBER": "sars|income tax", "NL_BSN": "bsn|burgerservicenummer|sofinummer",
    "BE_NATIONAL_NUMBER": "rijksregisternummer|numéro national|registre national", "PT_NIF": "nif|contribuinte", "CH_AHV": "ahv|avs|ahv-nummer",
    "AT_SOCIAL_SECURITY": "sozialversicherungsnummer|svnr|sv-nummer", "BR_CPF": "cpf", "DK_CPR": "cpr|personnummer", "NO_FODSELSNUMMER": "fødselsnummer|personnummer",
    "IE_PPS": "pps|ppsn", "MX_CURP": "curp", "CN_RESIDENT_ID": "resident identity|身份证", "US_MBI": "mbi|medicare beneficiary", "US_NPI": "npi|national provider",
    "MEDICAL_LICENSE": "dea|dea number|medical license", "US_PROVIDER_TAX_ID": "ein",
}  # fmt: skip
