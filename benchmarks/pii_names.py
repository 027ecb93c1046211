"""Lists the generated chats draw from: names that Faker lacks, cities, countries, companies, public figures."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


def _phrases(text: str) -> list[str]:
    return text.replace("\n", "").split(";")


UNLISTED_FIRST = _words("""
Abebech Tsegaye Makonnen Wolde Giorgi Nanuli Tamuna Zhiwei Haoran Meilin Yuxuan Jiayi Seojun Jihoon Minseo
Hyunwoo Yerin Keola Kalani Leilani Makoa Noelani Eneko Ainhoa Nagore Ulugbek Dilnoza Rustam Aizhan Yerlan
Temirlan Gulnara Chidubem Nkechi Obiageli Olumide Temitope Babajide Folake Sipho Lindiwe Themba Mpho Kagiso
Tendai Chipo Rudo Farai Kipchoge Habibullah Zarmina Gulalai Mirwais Shukria Nasrin Behrouz Shirin Farhad
Golnaz Yasaman Abdulrahman Mouna Fatoumata Aissatou Ousmane Ndeye Sopheap Chanthou Bopha Phuong Quoc Ngoc
Thanh Somchai Niran Ploy Anong Kittisak Whetu Mele Tevita Apinelu Siosaia Tomoko Haruto Ayaka Kenshin Mizuki
Batbayar Oyunaa Ganbold Saikhan Pema Dorji Sangay Bishnu Sushila Prakriti Sandesh Kumari Thilini Nuwan
Chamari Kasun Ruwan Eirlys Gethin Cerys Iolo Mhairi Eilidh Fionnlagh Runolfur Thorvaldur Sigridur Liis
Daumantas Jurate Xochitl Cuauhtemoc Yaretzi
""")
UNLISTED_LAST = _words("""
Tesfamariam Gebreselassie Woldemichael Asfaw Beridze Kapanadze Tsiklauri Gelashvili Ouyang Zhuge Baek Hwang
Jeong Seok Kahananui Kealoha Nakamura-Ito Etxeberria Goikoetxea Arrizabalaga Ibarretxe Tursunov Nazarbekova
Akhmetov Onyekachi Eze-Obi Adebayo Oyelaran Moyo Chikwanha Mutasa Noorzai Popalzai Karimzadeh Tehrani
Rostami Moghaddam Benchekroun El-Fassi Bouazizi Coulibaly Ndiaye Keita Sokhom Chhim Phan-Le Dinh Trinh
Vongsa Chaiyaporn Rattanakosin Suwannarat Parata Ngata Te-Rangi Tupou Faleolo Taufahema Leiataua Shimabukuro
Kanazawa Ishiguro Batsukh Erdenechuluun Wangchuk Lhamo Gurung Tamang Shrestha Adhikari Wijesinghe
Jayawardena Ranatunga Llewellyn ap-Rhys Gwynne Prothero Mac-Giolla Ni-Bhriain Ó-Súilleabháin MacAskill
Drummond-Hay Thorsteinsdottir Gunnlaugsson Vilhjalmsson Ozolins Kalnina Zukauskas Tzompantzi Xicotencatl
Nahuelpan Huenchuleo Choquehuanca Abdul-Rashid bin-Osman Haji-Salleh Siahaan Simatupang
""")
AMBIGUOUS = _words("""
Will May Mark Rose Grace Hope Bill Frank Chase April June Summer Dawn Joy Faith Rich Art Drew Pat Jack Sky
Ray Dean Penny Ivy Heather Robin Skip Miles Chip Guy Sunny Iris Jade Olive Pearl Ruby Violet Basil Cliff
Gene Glen Grant Lance Nick Rob Sue Wade Ward
""")

CITIES = {
    "en_US": [
        "Chicago",
        "Austin",
        "Portland",
        "Des Moines",
        "San Antonio",
        "Boise",
        "New Orleans",
        "Tulsa",
        "Buffalo",
    ],
    "en_GB": [
        "Leeds",
        "Norwich",
        "Swansea",
        "Milton Keynes",
        "Inverness",
        "Plymouth",
        "Stoke-on-Trent",
        "Derby",
    ],
    "en_IN": ["Pune", "Lucknow", "Kochi", "Visakhapatnam", "Jaipur", "Coimbatore", "Bhopal", "Guwahati"],
    "unlisted": [
        "Addis Ababa",
        "Tbilisi",
        "Almaty",
        "Nairobi",
        "Hilo",
        "Phnom Penh",
        "Thimphu",
        "Tartu",
        "Cusco",
    ],
    "de_DE": ["Leipzig", "Bielefeld", "Freiburg", "Mannheim", "Kassel", "Rostock", "Köln", "Würzburg"],
    "fr_FR": ["Lyon", "Nantes", "Clermont-Ferrand", "Dijon", "Grenoble", "Saint-Malo", "Nîmes", "Perpignan"],
    "es_ES": ["Zaragoza", "Valladolid", "Bilbao", "Alicante", "Murcia", "Salamanca", "Logroño", "La Coruña"],
    "it_IT": ["Bologna", "Torino", "Lecce", "Padova", "Reggio Emilia", "Cagliari", "Trieste"],
    "pl_PL": ["Gdynia", "Wrocław", "Lublin", "Katowice", "Bydgoszcz", "Rzeszów", "Szczecin"],
    "nl_NL": ["Utrecht", "Groningen", "Den Bosch", "Eindhoven", "Zwolle", "Maastricht"],
    "sv_SE": ["Uppsala", "Malmö", "Linköping", "Umeå", "Göteborg", "Kiruna"],
    "pt_BR": ["Curitiba", "Belo Horizonte", "Recife", "Porto Alegre", "Manaus", "Florianópolis"],
    "tr_TR": ["Izmir", "Bursa", "Gaziantep", "Trabzon", "Eskişehir"],
    "fi_FI": ["Tampere", "Turku", "Oulu", "Jyväskylä", "Rovaniemi"],
}
COUNTRIES = _phrases("""
Norway;Ghana;Peru;South Korea;New Zealand;Costa Rica;Latvia;Vietnam;Canada;Portugal;Kenya;Uruguay;Morocco;Iceland;
Sri Lanka;Slovenia;Nepal;Ireland;Jamaica;Chile;Mongolia;Estonia;South Africa;Greece;Thailand;Paraguay;Croatia;Austria
""")
ORGANISATIONS = _phrases("""
Nordlicht Logistics;Bluefin Analytics;Tessera Bank;Quarry & Sons Ltd;Halcyon Airways;Peppercorn Insurance GmbH;
Ostrava Steel;Kestrel Robotics Inc.;Maple Ridge Clinic;Sundial Energy;Amberline Telecom;Fernhill Housing Association
""")
PUBLIC = _phrases("""
Marie Curie;Isaac Newton;Frida Kahlo;Nelson Mandela;Jane Austen;Galileo Galilei;Cleopatra;Martin Luther King;
Leonardo da Vinci;Ada Lovelace;Wolfgang Amadeus Mozart;Mahatma Gandhi;Charles Darwin;Virginia Woolf;Albert Einstein;
Abraham Lincoln;Winston Churchill;Sherlock Holmes;Harry Potter;Romeo;Don Quixote;Odysseus;Hamlet;Captain Ahab;
Elizabeth Bennet;Immanuel Kant;Aristotle;Confucius;Napoleon Bonaparte;Barack Obama;Angela Merkel;Lionel Messi;
Serena Williams;Usain Bolt;Beyoncé;David Bowie;Stephen King;Toni Morrison;Gabriel García Márquez;Franz Kafka;
Fyodor Dostoevsky;Vincent van Gogh;Pablo Picasso;Johann Sebastian Bach;Rosa Parks;Alan Turing;Nikola Tesla;
Christopher Columbus;Genghis Khan;Julius Caesar
""")
