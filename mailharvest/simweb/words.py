"""Names of companies and people, to make host names and addresses that read like real ones."""

# ruff: noqa: SIM905 - a table of words is easier to read as text

from __future__ import annotations

PLACES = (
    "nile delta cedar atlas harbor oasis summit river canyon maple amber coral falcon lotus olive"
    " palm pearl sahara sinai tiger topaz valley willow zenith alpine aurora bay beacon bridge"
    " cairo castle city coast crown crystal desert diamond eagle east elm emerald forest garden"
    " giza golden granite green highland hill horizon ivory jasmine lake luxor meadow metro mirage"
    " north ocean orchid pacific park phoenix silver"
).split()

TRADES = (
    "homes realty estates clinic travel foods design legal motors textiles trade studio labs"
    " consulting dental energy fitness flowers furniture gallery hotels insurance interiors"
    " kitchens logistics media optics pharma printing properties school software"
).split()

WIDE = ("bücher", "café-lumière", "zürich-möbel", "peñíscola", "søndergård", "čeština", "عقارات")
"""Names with letters beyond ASCII: their domains are internationalised (RFC 5890)."""

ROLES = (
    "sales office support contact reservations booking service careers jobs press media marketing"
    " accounts billing export import legal hr rentals projects orders reception admissions quality"
).split()

FIRST = (
    "mona ahmed sara omar layla karim nadia youssef huda tarek amira hassan dina khaled salma adel"
    " anna peter julia martin clara thomas eva lukas marie paul sophie jean camille louis chloe"
    " hugo maria carlos lucia diego elena pablo carmen javier emma james olivia oliver grace"
    " henry alice george ruth daniel nora samuel ines victor leila ramy farah ziad rania bassem"
    " heba walid"
).split()

LAST = (
    "hassan ibrahim mansour fahmy saleh nasser aziz farouk gamal haddad khoury sabry tawfik zaki"
    " amin badawi schmidt weber fischer wagner becker hoffmann koch richter klein wolf neumann"
    " braun martin bernard dubois moreau laurent simon michel lefevre roux fournier girard bonnet"
    " garcia lopez sanchez romero torres navarro ramos serrano molina ortega delgado castro smith"
    " taylor brown wilson evans walker wright hughes edwards green hall wood clarke baker turner"
    " parker cooper morris ward bell cox gray hunt mason ellis palmer rossi ferrari conti costa"
    " greco marino lombardi moretti silva santos pereira almeida novak horvat kovac nowak kowalski"
    " lindberg nilsson hansen larsen virtanen korhonen papadakis dimitriou yilmaz kaya demir"
    " sharma patel mehta tanaka sato suzuki mori chen wang li zhang kim park"
).split()

SEPARATORS = (".", ".", "_", "-", "")
