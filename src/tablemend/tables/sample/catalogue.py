"""The names that generated orders are made of."""

PLACES: tuple[tuple[str, str, str], ...] = (
    ("Amsterdam", "1012 AB", "Netherlands"),
    ("Rotterdam", "3011 WN", "Netherlands"),
    ("Berlin", "10115", "Germany"),
    ("Hamburg", "20095", "Germany"),
    ("München", "80331", "Germany"),
    ("Nürnberg", "90402", "Germany"),
    ("Düsseldorf", "40213", "Germany"),
    ("Leipzig", "04109", "Germany"),
    ("Wien", "1010", "Austria"),
    ("Salzburg", "5020", "Austria"),
    ("Zürich", "8001", "Switzerland"),
    ("Basel", "4051", "Switzerland"),
    ("Paris", "75001", "France"),
    ("Lyon", "69001", "France"),
    ("Besançon", "25000", "France"),
    ("Orléans", "45000", "France"),
    ("Madrid", "28001", "Spain"),
    ("Málaga", "29001", "Spain"),
    ("Sevilla", "41001", "Spain"),
    ("Lisboa", "1100-148", "Portugal"),
    ("Coimbra", "3000-150", "Portugal"),
    ("Göteborg", "411 03", "Sweden"),
    ("Malmö", "211 22", "Sweden"),
    ("København", "1050", "Denmark"),
    ("Aarhus", "8000", "Denmark"),
    ("Helsinki", "00100", "Finland"),
    ("Tampere", "33100", "Finland"),
    ("Gdynia", "81-301", "Poland"),
    ("Poznań", "61-001", "Poland"),
    ("Brno", "602 00", "Czechia"),
)
"""City, postcode, country."""

FIRST_NAMES = (
    "Anna", "Bruno", "Carla", "Daniel", "Élise", "Felix", "Greta", "Hugo", "Inés", "Jakob", "Klara", "Lukas",
    "Marta", "Niels", "Olívia", "Pablo", "Renée", "Stefan", "Tereza", "Viktor",
)  # fmt: skip
LAST_NAMES = (
    "Andersen", "Bauer", "Castro", "Dubois", "Eriksson", "Fischer", "García", "Hoffmann", "Ibsen", "Jansen",
    "Kowalska", "Lehtonen", "Müller", "Novotná", "Oliveira", "Petit", "Quist", "Rossi", "Schäfer", "Vermeer",
)  # fmt: skip

PRODUCTS: tuple[tuple[str, str, str, str], ...] = (
    ("Espresso Beans", "Coffee", "1000 g", "18.90"),
    ("Filter Coffee", "Coffee", "500 g", "9.40"),
    ("Decaf Blend", "Coffee", "500 g", "10.20"),
    ("Green Tea", "Tea", "250 g", "7.80"),
    ("Earl Grey", "Tea", "200 g", "6.50"),
    ("Mountain Herbs", "Tea", "100 g", "4.95"),
    ("Dark Chocolate", "Pantry", "300 g", "5.60"),
    ("Forest Honey", "Pantry", "450 g", "8.75"),
    ("Oat Biscuits", "Pantry", "350 g", "3.85"),
    ("Coffee Grinder", "Equipment", "1600 g", "129.00"),
    ("Espresso Machine", "Equipment", "9800 g", "1249.00"),
    ("Lever Machine", "Equipment", "14500 g", "2480.00"),
    ("Milk Frother", "Equipment", "850 g", "64.50"),
    ("Glass Teapot", "Tableware", "700 g", "34.90"),
    ("Stoneware Mug", "Tableware", "380 g", "12.50"),
    ("Espresso Cup", "Tableware", "160 g", "8.20"),
)
"""Product, category, weight, unit price."""

STATUSES = ("delivered", "shipped", "processing", "on hold", "returned")
STATUS_SHARES = (0.62, 0.2, 0.1, 0.04, 0.04)
CARRIERS = ("Parcel North", "Blue Courier", "Rail Freight")
