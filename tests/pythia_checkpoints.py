"""Published zero-shot accuracies of Pythia checkpoints: an earlier and a later step, by size.

From EleutherAI/pythia, ``evals/pythia-v1/pythia-SIZE/zero-shot/SIZE_stepSTEP.json`` (their
``acc`` and ``acc_stderr``, typed in). The steps are those nearest to 40,000 to 60,000 apart at
the end of training of which the files could be read; no size was left out for its numbers.
"""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """Accuracy and standard error at the earlier and at the later step."""

    old: float
    old_error: float
    new: float
    new_error: float


STEPS = {
    "70m": (93_000, 143_000),
    "160m": (83_000, 123_000),
    "410m": (93_000, 143_000),
    "2.8b": (73_000, 133_000),
    "6.9b": (83_000, 123_000),
}

ITEMS = {
    "lambada_openai": 5153,
    "arc_easy": 2376,
    "arc_challenge": 1172,
    "logiqa": 651,
    "sciq": 1000,
    "piqa": 1838,
    "winogrande": 1267,
}

PUBLISHED = {
    "70m": {
        "lambada_openai": Published(0.21405006792, 0.00571435475, 0.18455268775, 0.00540468283),
        "arc_easy": Published(0.359006734007, 0.00984342471, 0.373737373737, 0.00992726706),
        "arc_challenge": Published(0.172354948805, 0.01103711309, 0.180887372014, 0.01124857447),
        "logiqa": Published(0.219662058372, 0.01623910941, 0.21044546851, 0.01598836949),
        "sciq": Published(0.642, 0.01516792887, 0.601, 0.01549319331),
        "piqa": Published(0.597932535365, 0.01143986713, 0.594668117519, 0.01145481639),
        "winogrande": Published(0.508287292818, 0.01405055532, 0.528018942384, 0.01403040421),
    },
    "160m": {
        "lambada_openai": Published(0.371822239472, 0.00673319252, 0.331069280031, 0.00655634933),
        "arc_easy": Published(0.458754208754, 0.01022481573, 0.430555555556, 0.0101603454),
        "arc_challenge": Published(0.193686006826, 0.01154842541, 0.185153583618, 0.01135077444),
        "logiqa": Published(0.221198156682, 0.01627974353, 0.195084485407, 0.0155428207),
        "sciq": Published(0.757, 0.0135696402, 0.735, 0.01396316475),
        "piqa": Published(0.624047878128, 0.01130109817, 0.618063112078, 0.01133594256),
        "winogrande": Published(0.515390686661, 0.01404582679, 0.50591949487, 0.01405150084),
    },
    "410m": {
        "lambada_openai": Published(0.500485154279, 0.00696597438, 0.516204152921, 0.00696231852),
        "arc_easy": Published(0.512205387205, 0.01025672624, 0.521043771044, 0.0102506926),
        "arc_challenge": Published(0.21843003413, 0.01207429161, 0.213310580205, 0.01197097174),
        "logiqa": Published(0.205837173579, 0.01585842322, 0.219662058372, 0.01623910941),
        "sciq": Published(0.808, 0.01246159265, 0.811, 0.01238678459),
        "piqa": Published(0.667029379761, 0.01099564882, 0.667573449402, 0.01099114156),
        "winogrande": Published(0.524861878453, 0.01403510288, 0.536700868193, 0.01401457846),
    },
    "2.8b": {
        "lambada_openai": Published(0.6260430817, 0.00674100997, 0.644478944304, 0.00666882165),
        "arc_easy": Published(0.609427609428, 0.01001105911, 0.640572390572, 0.00984595889),
        "arc_challenge": Published(0.278156996587, 0.01309446992, 0.299488054608, 0.01338502164),
        "logiqa": Published(0.216589861751, 0.01615686058, 0.219662058372, 0.01623910941),
        "sciq": Published(0.879, 0.01031821038, 0.892, 0.00982000165),
        "piqa": Published(0.732861806311, 0.01032344049, 0.740478781284, 0.01022793989),
        "winogrande": Published(0.582478295185, 0.01385997826, 0.599842146803, 0.01376947266),
    },
    "6.9b": {
        "lambada_openai": Published(0.645643314574, 0.00666390378, 0.665631670871, 0.00657266699),
        "arc_easy": Published(0.657407407407, 0.00973810547, 0.669612794613, 0.00965143022),
        "arc_challenge": Published(0.309726962457, 0.01351205842, 0.313139931741, 0.01355267154),
        "logiqa": Published(0.204301075269, 0.01581441144, 0.233486943164, 0.01659336246),
        "sciq": Published(0.891, 0.00985982841, 0.907, 0.00918887563),
        "piqa": Published(0.732317736670, 0.01033011119, 0.745375408052, 0.01016443224),
        "winogrande": Published(0.597474348856, 0.01378286683, 0.618784530387, 0.01365017216),
    },
}
