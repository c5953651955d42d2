"""Invents people for ids of the simulation, so that screens can be shown with names that are nobody's.

First and last names are drawn apart from each other, from names of many origins; all addresses end in example.org,
which belongs to nobody (RFC 2606). The log never sees them.
"""

import unicodedata
from hashlib import sha256
from typing import Final, NamedTuple

_FIRST_NAMES = """
Aaliyah Adaeze Agnieszka Ahmed Aisling Alasdair Amara Amrit Ana Anjali Arjun Asha Babatunde Beatriz Bethan Bronwen
Callum Carmen Chiara Chidi Ciarán Dafydd Dalia Deepak Dilys Eilidh Ekaterina Emeka Esra Fatima Femi Fiona Freya Gareth
Giulia Grace Hamza Hana Harriet Hiroko Hyun-woo Ibrahim Imogen Ines Ishaan Ivana Jamila Jasmine Joaquín Kacper Kamala
Kofi Kwame Lakshmi Leila Liang Lowri Lucía Magda Malik Mariam Mateus Mei Meera Miriam Morwenna Nadia Naveed Ngozi
Niamh Nikhil Oluwaseun Oskar Padraig Parveen Priya Quentin Rajesh Rania Rhiannon Rosalind Ruta Saoirse Sanjay Selma
Shanice Siobhán Sofia Søren Tadeusz Tamsin Tariq Temi Thandiwe Tomasz Uchenna Ursula Vikram Wilfred Xin Yasmin Yusuf
Zainab Zofia Zoë
"""
_LAST_NAMES = """
Abara Achterberg Adeyemi Ainsworth Alvarado Appiah Ashcombe Balogun Banerjee Bielecki Birtwistle Brannigan Caddick
Carvalho Chakrabarti Chaudhry Cieślak Colclough Dankworth Desai Dlamini Drăgan Edevane Eguchi Ekwueme Entwistle
Farrukh Fazackerley Fernandes Fitzwarren Gallacher Georgiou Ghosh Glyndwr Gwynne Haddad Harcastle Hathersage Hosseini
Huxtable Idowu Inglethorpe Iyer Jankowska Jayawardena Kaczmarek Karimi Kilbride Kowalczyk Krishnan Laskaris Lindqvist
Llewelyn Lovelock Mackintyre Majumdar Makepeace Mbeki Mensah Merriweather Moreau Mukherjee Mwangi Nakamura Netherwood
Nwosu O'Hanlon Okonkwo Osei Oyelaran Papadakis Pemberley Pendragon Quigley Rahimi Ravenscroft Rodrigues Sanghera
Satterthwaite Sesay Shackleford Silvestri Skowroński Szabo Tamimi Thistlewood Tremayne Trevelyan Uddin Uí-Néill
Umarova Vaidya Vasquez Wadsworth Wickramasinghe Winterbourne Wójcik Yardley Yilmaz Zawadzki Zetterlund
"""
FIRST_NAMES: Final = tuple(_FIRST_NAMES.split())
LAST_NAMES: Final = tuple(_LAST_NAMES.split())

_WITHOUT_DECOMPOSITION: Final = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ð": "d", "'": ""})


class Person(NamedTuple):
    """Somebody who does not exist."""

    name: str
    email: str


def invented(participant: str) -> Person:
    """The person of an id, the same every time; two ids can share a name, never an email address."""
    drawn = int.from_bytes(sha256(participant.encode()).digest()[:8])
    rest, first = divmod(drawn, len(FIRST_NAMES))
    first_name, last_name = FIRST_NAMES[first], LAST_NAMES[rest % len(LAST_NAMES)]
    local = f"{_ascii(first_name)}.{_ascii(last_name)}.{participant}"
    return Person(f"{first_name} {last_name}", f"{local}@example.org".lower())


def _ascii(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.translate(_WITHOUT_DECOMPOSITION))
    return "".join(each for each in decomposed if not unicodedata.combining(each))
