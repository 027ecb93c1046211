"""Streets and postcodes, as they are written in English, German, French, Spanish and near them.

Forms that also mean something else, such as a street without its number or in lower case, score
below the threshold and count only next to words such as "address" or "wohnhaft".
"""

from __future__ import annotations

from workbench.personal_data.recognizers.building import Rule

# Publication 28 of the United States Postal Service, appendix C1: the usual ones, and the ones that
# also end the names of other things.
SUFFIX = (
    "Street|Avenue|Road|Lane|Drive|Boulevard|Court|Place|Square|Terrace|Way|Close|Crescent|Parkway|Highway"
    "|Circle|Trail|Row|Gardens|Grove|Mews|Alley|Turnpike|Expressway|Freeway|Esplanade|Quay|Wharf"
)
SHORT_SUFFIX = "St|Ave|Rd|Ln|Dr|Blvd|Ct|Pl|Sq|Ter|Cres|Pkwy|Hwy|Cir|Trl"
RARE_SUFFIX = (
    "Arcade|Bayou|Bend|Bluffs?|Bottom|Branch|Bridge|Brooks?|Burgs?|Bypass|Camp|Canyon|Cape|Causeway|Centers?"
    "|Circles|Cliffs?|Club|Commons?|Corners?|Course|Courts|Coves?|Creek|Crest|Crossing|Crossroads?|Curve|Dale"
    "|Dam|Divide|Drives|Estates?|Extensions?|Falls?|Ferry|Fields?|Flats?|Fords?|Forest|Forges?|Forks?|Fort"
    "|Garden|Gateway|Glens?|Greens?|Groves|Harbou?rs?|Haven|Heights|Hills?|Hollow|Inlet|Islands?|Isle|Junctions?"
    "|Keys?|Knolls?|Lakes?|Landing|Lights?|Loaf|Locks?|Lodge|Loop|Mall|Manors?|Meadows?|Mills?|Mission|Motorway"
    "|Mount|Mountains?|Neck|Orchard|Oval|Overpass|Parks?|Parkways|Pass|Passage|Path|Pike|Pines?|Plains?|Plaza"
    "|Points?|Ports?|Prairie|Radial|Ramp|Ranch|Rapids?|Rest|Ridges?|River|Roads|Route|Rue|Run|Shoals?|Shores?"
    "|Skyway|Springs?|Spurs?|Squares|Station|Stravenue|Stream|Streets|Summit|Throughway|Trace|Track|Trafficway"
    "|Tunnel|Underpass|Unions?|Valleys?|Via|Viaduct|Views?|Villages?|Ville|Vista|Walks?|Wall|Ways|Wells?"
)
UNIT = r"(?:,?[ ](?i:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Room|Rm|#)\.?[ ]?#?\w{1,6}(?!\w))"
BEGIN = r"(?<![\w.,$€£#/-])"
NUMBER = BEGIN + r"\d{1,5}[A-Za-z]?(?:[-/]\d{1,4})?"
NAME = (
    r"(?:(?:[NSEW]|[NS][EW]|North|South|East|West)\.?[ ])?"
    r"(?:(?:[A-Z][\w'’.-]{1,20}|\d{1,3}(?:st|nd|rd|th))[ ]){1,4}"
)
LINKS = r"(?:d(?:e|u|es|el|i|a|o|as|os|ella|elle|al)[ ]|de[ ]l[aeo]s?[ ]|de[ ]l['’]|d['’]|dell['’]|l[ae]s?[ ]|l['’]|of[ ]|São[ ])?"
CAPITAL = r"[A-ZÀ-ÖØ-ÞŁŚŻŹĆŃ][\w'’.-]{1,25}"
WORDS = rf"{LINKS}{CAPITAL}(?:[ -]{LINKS}{CAPITAL}){{0,4}}"
GERMAN = r"stra(?:ß|ss)e|str\.|gasse|weg|platz|allee|damm|ufer|chaussee|steig|stadtring|parkring|nordring|südring|ostring|westring"
GERMAN_WORD = r"Stra(?:ß|ss)e|Str\.|Gasse|Weg|Platz|Allee|Ring|Damm|Ufer|Chaussee"
FRENCH = r"rue|avenue|av\.|boulevard|bd|place|chemin|all[ée]e|impasse|quai|cours|route|square|passage|faubourg|sentier|ruelle"
SPANISH = (
    r"calle|c/|c\.|cl\.|avenida|avda?\.?|avinguda|plaza|plaça|pza\.?|paseo|passeig|pasaje|pasadizo|carrer|camino|callej[oó]n|ronda"
    r"|rambla|alameda|cuesta|acceso|ca[ñn]ada|carretera|c[ií]rculo|glorieta|travesía|via|v[ií]a|urbanizaci[oó]n|vial|r[uú]a|rúa|cañada|costanilla"
)
ITALIAN = (
    r"via|viale|piazza|piazzale|corso|largo|vicolo|strada|contrada|borgo|rotonda|canale|stretto|incrocio"
)
PORTUGUESE = r"rua|avenida|av\.|travessa|praça|largo|alameda|estrada|rodovia|viela|beco|ladeira|parque|vila|loteamento|quadra|setor"
POLISH = r"ul\.|ulica|al\.|aleja|aleje|pl\.|plac|os\."
FLAT = r"(?:,?[ ](?i:puerta|piso|apt\.?|planta|esc\.?|escalera|bajo|portal|local|interno|appartamento|m\.|lok\.|app\.|appt\.?)[ ]?\w{1,4}[ºª]?){0,3}"
DUTCH = "straat|laan|gracht|kade|plein|steeg|dreef|singel|dijk|pad|hof|baan|weg"
NORDIC = "gatan|vägen|gränd|stigen|torget|gade|vej|allé|katu|tie|gata|veien"
STATES = "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|PR|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
WORDS_TOO = "ID|IN|OR|OK|ME|HI|MA|PA|LA|DE|CO|AL|MO|MS|MD|PR|AR|SC"
UK_AREAS = (
    "A[BL]|B[ABDHLNRST]?|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]?|F[KY]|G[LUY]?|H[ADGPRSUX]|I[GMPV]|JE|K[ATWY]|L[ADELNSU]?"
    "|M[EKL]?|N[EGNPRW]?|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]?|T[ADFNQRSW]|UB|W[ACDFNRSV]?|YO|ZE"
)
END = r"(?![\w%])(?![.,:]\d)"
HOUSE = r"\d{1,4}(?:[ ]?[a-z](?!\w))?(?:[-/]\d{1,4})?"
LOWER_NAME = r"(?:[a-z][a-z'’.-]{1,20}[ ]){1,3}"

RULES = (
    Rule(
        "STREET_ADDRESS",
        "street in English",
        (
            (
                rf"{NUMBER},?[ ]{NAME}(?:(?:{SUFFIX})\b|(?:{SHORT_SUFFIX})\b\.?)(?![ ]?[A-Z]?\d{{1,2}}:){UNIT}?",
                0.6,
            ),
            (rf"{BEGIN}\d{{3,5}}[ ]{NAME}(?:{RARE_SUFFIX})\b{UNIT}?", 0.45),
            (rf"{NUMBER}[ ]{NAME}(?:{RARE_SUFFIX})\b{UNIT}", 0.6),
            (rf"{NUMBER}[ ]{NAME}(?:{RARE_SUFFIX})\b", 0.3),
            (
                rf"(?<!\w)(?:Flat|Studio|Apartment|Apt\.?|Unit|Suite)[ ]\d{{1,4}}[A-Za-z]?,?[ \n]{{1,2}}"
                rf"(?:\d{{1,4}}[ ])?{NAME}(?:{SUFFIX}|{RARE_SUFFIX})\b",
                0.6,
            ),
            (rf"{NUMBER}[ ]{LOWER_NAME}(?:(?i:{SUFFIX}|{RARE_SUFFIX})\b){UNIT}", 0.5),
            (rf"{NUMBER}[ ]{LOWER_NAME}(?:(?i:{SUFFIX})\b|(?i:{SHORT_SUFFIX})\b\.?)", 0.2),
            (r"(?<![\w.])P\.?[ ]?O\.?[ ]?[Bb]ox[ ]\d{1,6}(?!\w)", 0.6),
        ),
        ignore_case=False,
    ),
    Rule(
        "STREET_ADDRESS",
        "street in another language",
        (
            (
                rf"(?<![\w-])(?:[A-ZÄÖÜ][\wß]{{1,25}}(?:{GERMAN})|(?:{CAPITAL}-){{1,3}}(?:{GERMAN_WORD})"
                rf"|{CAPITAL}er[ ](?:{GERMAN_WORD}))[ ]{HOUSE}{END}",
                0.5,
            ),
            (
                rf"(?<![\w-])[a-zäöü][a-zäöüß]{{2,25}}(?:stra(?:ß|ss)e|str\.|weg|gasse|allee)[ ]{HOUSE}{END}",
                0.45,
            ),
            (
                rf"(?<![\w-])(?:Am|An der|An den|Auf der|Im|In der|Zum|Zur)[ ]{CAPITAL}[ ]{HOUSE}(?=,[ ]\d{{5}}[ ])",
                0.5,
            ),
            (rf"{NUMBER}(?:[ ]?(?:bis|ter))?,?[ ](?i:{FRENCH})[ ]{WORDS}", 0.6),
            (rf"(?<!\w)(?i:{FRENCH})[ ]{WORDS}(?=,?[ \n]{{1,2}}\d{{5}}[ ])", 0.5),
            (rf"(?<!\w)(?i:rue|boulevard|avenue|chemin|impasse|quai)[ ]{WORDS}", 0.2),
            (
                rf"(?<!\w)(?i:{SPANISH}|{ITALIAN}|{PORTUGUESE})[ ]?{WORDS}(?:,[ ]?|[ ])"
                rf"(?i:n[.úuº°o]{{1,3}}m?[.ero]{{0,3}}[ ]?)?{HOUSE}{END}{FLAT}",
                0.55,
            ),
            (rf"(?<!\w)(?:{POLISH})[ ]{WORDS}[ ]{HOUSE}{END}{FLAT}", 0.55),
            (rf"(?<![\w-])[A-Z][a-zëïöüåäøæé]{{2,25}}(?:{DUTCH}|{NORDIC})[ ]\d{{1,4}}[A-Za-z]?{END}", 0.5),
        ),
        ignore_case=False,
    ),
    Rule(
        "POSTCODE",
        "postcode",
        (
            (rf"(?<=[A-Za-z],[ ](?:{STATES}),?[ ]{{1,2}})\d{{5}}(?:-\d{{4}})?(?![\w-])", 0.6),
            # Without the comma before it, a state that is also a word ("ID 12345") says nothing.
            (
                rf"(?<=[a-z][ ](?!(?:{WORDS_TOO})\b)(?:{STATES}),?[ ]{{1,2}})\d{{5}}(?:-\d{{4}})?(?![\w-])",
                0.6,
            ),
            (rf"(?<![\w-])(?:{UK_AREAS})\d[\dA-Z]?[ ]\d[ABD-HJLNP-UW-Z]{{2}}(?![\w-])", 0.5),
            (rf"(?<=\d[a-z]?,?[ \n])\d{{5}}(?=[ ]{CAPITAL})", 0.5),
            (
                r"(?<![\w.,$€£-])(?:\d{5}(?:-\d{3,4})?|\d{2}-\d{3}|\d{4}-\d{3}|\d{3}[ ]\d{2})(?![\w-])(?![.,]\d)",
                0.1,
            ),
            (r"(?<![\w-])[A-Z]\d[A-Z][ ]?\d[A-Z]\d(?![\w-])", 0.1),
            (r"(?<![\w-])\d{4}[ ]?[A-Z]{2}(?![\w-])", 0.1),
        ),
        ignore_case=False,
    ),
)
