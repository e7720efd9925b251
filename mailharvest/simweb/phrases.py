"""What the pages say: one table a language, so that a page reads like a small company's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """The texts of one language, and the charsets its sites declare (most often the first)."""

    code: str
    direction: str
    charsets: tuple[str, ...]
    nav: tuple[str, ...]
    headings: tuple[str, ...]
    sentences: tuple[str, ...]
    titles: tuple[str, ...]
    labels: tuple[str, ...]
    team: str
    contact: str
    email: str
    department: str
    hours: tuple[str, ...]
    rights: str
    button: str


ENGLISH = Language(
    code="en",
    direction="ltr",
    charsets=("utf-8", "utf-8", "utf-8", "utf-8", "utf-8", "iso-8859-1"),
    nav=("Home", "About us", "Our team", "Services", "Projects", "Contact"),
    headings=(
        "What we do",
        "Why our clients stay",
        "Recent work",
        "How a project runs",
        "Questions we are often asked",
        "News from the office",
        "Where to find us",
        "Working with us",
    ),
    sentences=(
        "We are a family business with two offices and some forty people.",
        "Every request is read by a person, most of them on the same day.",
        "Our prices are fixed before the work begins and do not move afterwards.",
        "The first meeting is free, and you decide what comes after it.",
        "Over the past ten years we have finished more than three hundred projects in the region.",
        "Deliveries leave the warehouse twice a week, on Sunday and on Wednesday.",
        "If something does not fit, we take it back within fourteen days.",
        "You can visit the showroom without an appointment from ten in the morning.",
        "Our engineers speak Arabic, English and French.",
        "A short description and two photographs are enough for an estimate.",
        "We work with suppliers whom we have known for years and visit every summer.",
        "The team met @ noon to plan the new season; the results are on this page.",
        "Large orders get a contact of their own who follows them to the end.",
        "In spring we open the garden to visitors, with coffee and music.",
        "Maintenance is part of the contract and costs nothing in the first year.",
        "Ask for our catalogue; it lists every model with its measurements.",
    ),
    titles=(
        "Managing director",
        "Head of sales",
        "Project manager",
        "Accounts",
        "Front desk",
        "Customer care",
    ),
    labels=("Write to us:", "For enquiries please contact", "You reach the office at", "E-mail:"),
    team="The people you will meet",
    contact="Get in touch",
    email="E-mail",
    department="Department",
    hours=("Monday to Thursday", "Friday", "Saturday", "Sunday", "closed"),
    rights="All rights reserved.",
    button="Send a message",
)

ARABIC = Language(
    code="ar",
    direction="rtl",
    charsets=("utf-8", "utf-8", "utf-8", "utf-8", "windows-1256"),
    nav=("الرئيسية", "من نحن", "فريق العمل", "خدماتنا", "مشاريعنا", "اتصل بنا"),
    headings=(
        "ماذا نقدم",
        "لماذا يختارنا عملاؤنا",
        "أحدث أعمالنا",
        "كيف يسير المشروع",
        "أسئلة شائعة",
        "أخبار المكتب",
        "أين تجدنا",
        "انضم إلينا",
    ),
    sentences=(
        "نحن شركة عائلية لها مكتبان ويعمل بها نحو أربعين شخصا.",
        "يقرأ موظفونا كل طلب بأنفسهم ونجيب في اليوم نفسه في أغلب الأحيان.",
        "نتفق على السعر قبل بدء العمل ولا يتغير بعد ذلك.",
        "اللقاء الأول مجاني، والقرار بعده لكم.",
        "أنجزنا خلال السنوات العشر الماضية أكثر من ثلاثمئة مشروع في المنطقة.",
        "تخرج الشحنات من المخزن مرتين في الأسبوع، يوم الأحد ويوم الأربعاء.",
        "يمكن إرجاع البضاعة خلال أربعة عشر يوما إذا لم تكن مناسبة.",
        "صالة العرض مفتوحة للزوار دون موعد من العاشرة صباحا.",
        "يتحدث مهندسونا العربية والإنجليزية والفرنسية.",
        "يكفي وصف قصير وصورتان لتقدير التكلفة.",
        "نعمل مع موردين نعرفهم منذ سنوات ونزورهم كل صيف.",
        "لكل طلب كبير موظف يتابعه حتى نهايته.",
        "نفتح الحديقة للزوار في الربيع مع القهوة والموسيقى.",
        "الصيانة جزء من العقد وهي مجانية في السنة الأولى.",
        "اطلبوا الدليل المصور، ففيه كل الطرازات بمقاساتها.",
    ),
    titles=(
        "المدير العام",
        "مدير المبيعات",
        "مدير المشروعات",
        "الحسابات",
        "الاستقبال",
        "خدمة العملاء",
    ),
    labels=(
        "راسلونا على:",
        "للاستفسار يرجى التواصل مع",
        "عنوان المكتب الإلكتروني",
        "البريد الإلكتروني:",
    ),
    team="فريقنا في خدمتكم",
    contact="تواصل معنا",
    email="البريد الإلكتروني",
    department="القسم",
    hours=("من الأحد إلى الأربعاء", "الخميس", "الجمعة", "السبت", "مغلق"),
    rights="جميع الحقوق محفوظة.",
    button="أرسل رسالة",
)

GERMAN = Language(
    code="de",
    direction="ltr",
    charsets=("utf-8", "utf-8", "utf-8", "iso-8859-1"),
    nav=("Startseite", "Über uns", "Unser Team", "Leistungen", "Projekte", "Kontakt"),
    headings=(
        "Was wir tun",
        "Warum unsere Kunden bleiben",
        "Aus der Werkstatt",
        "So läuft ein Auftrag",
        "Häufige Fragen",
        "Neues aus dem Büro",
        "Anfahrt",
        "Arbeiten bei uns",
    ),
    sentences=(
        "Wir sind ein Familienbetrieb mit zwei Büros und rund vierzig Leuten.",
        "Jede Anfrage liest ein Mensch, die meisten noch am selben Tag.",
        "Der Preis steht vor Beginn der Arbeiten fest und ändert sich danach nicht.",
        "Das erste Gespräch kostet nichts, über alles Weitere entscheiden Sie.",
        "In zehn Jahren haben wir über dreihundert Projekte in der Region abgeschlossen.",
        "Zweimal in der Woche verlässt eine Lieferung unser Lager.",
        "Was nicht passt, nehmen wir innerhalb von vierzehn Tagen zurück.",
        "Unsere Ausstellung können Sie ab zehn Uhr ohne Termin besuchen.",
        "Für ein Angebot genügen eine kurze Beschreibung und zwei Fotos.",
        "Unsere Lieferanten kennen wir seit Jahren und besuchen sie jeden Sommer.",
        "Größere Aufträge haben einen festen Ansprechpartner bis zum Schluss.",
        "Im Frühjahr öffnen wir den Garten, mit Kaffee und Musik.",
        "Die Wartung gehört zum Vertrag und ist im ersten Jahr kostenlos.",
    ),
    titles=(
        "Geschäftsführung",
        "Vertrieb",
        "Projektleitung",
        "Buchhaltung",
        "Empfang",
        "Kundendienst",
    ),
    labels=("Schreiben Sie uns:", "Auskunft gibt gern", "Das Büro erreichen Sie unter", "E-Mail:"),
    team="Ihre Ansprechpartner",
    contact="Kontakt aufnehmen",
    email="E-Mail",
    department="Abteilung",
    hours=("Montag bis Donnerstag", "Freitag", "Samstag", "Sonntag", "geschlossen"),
    rights="Alle Rechte vorbehalten.",
    button="Nachricht senden",
)

FRENCH = Language(
    code="fr",
    direction="ltr",
    charsets=("utf-8", "utf-8", "utf-8", "iso-8859-1"),
    nav=("Accueil", "Qui sommes-nous", "L'équipe", "Services", "Réalisations", "Contact"),
    headings=(
        "Notre métier",
        "Pourquoi nos clients restent",
        "Réalisations récentes",
        "Le déroulement d'un projet",
        "Questions fréquentes",
        "Actualités",
        "Nous trouver",
        "Travailler chez nous",
    ),
    sentences=(
        "Nous sommes une entreprise familiale de quarante personnes et deux bureaux.",
        "Chaque demande est lue par une personne, le plus souvent le jour même.",
        "Le prix est fixé avant le début des travaux et ne change plus ensuite.",
        "Le premier rendez-vous est gratuit, la suite dépend de vous.",
        "En dix ans, nous avons achevé plus de trois cents projets dans la région.",
        "Les livraisons partent de l'entrepôt deux fois par semaine.",
        "Ce qui ne convient pas est repris sous quatorze jours.",
        "La salle d'exposition est ouverte sans rendez-vous dès dix heures.",
        "Une courte description et deux photos suffisent pour un devis.",
        "Nous connaissons nos fournisseurs depuis des années.",
        "Les grandes commandes ont un interlocuteur unique jusqu'à la fin.",
        "Au printemps, le jardin est ouvert aux visiteurs.",
        "L'entretien fait partie du contrat, gratuit la première année.",
    ),
    titles=(
        "Direction",
        "Service commercial",
        "Chef de projet",
        "Comptabilité",
        "Accueil",
        "Service client",
    ),
    labels=("Écrivez-nous :", "Pour tout renseignement :", "Le bureau vous répond à", "Courriel :"),
    team="Vos interlocuteurs",
    contact="Nous contacter",
    email="Courriel",
    department="Service",
    hours=("Du lundi au jeudi", "Vendredi", "Samedi", "Dimanche", "fermé"),
    rights="Tous droits réservés.",
    button="Envoyer un message",
)

SPANISH = Language(
    code="es",
    direction="ltr",
    charsets=("utf-8", "utf-8", "utf-8", "iso-8859-1"),
    nav=("Inicio", "Quiénes somos", "Equipo", "Servicios", "Proyectos", "Contacto"),
    headings=(
        "Qué hacemos",
        "Por qué vuelven nuestros clientes",
        "Trabajos recientes",
        "Cómo avanza un proyecto",
        "Preguntas frecuentes",
        "Noticias",
        "Dónde estamos",
        "Trabaja con nosotros",
    ),
    sentences=(
        "Somos una empresa familiar con dos oficinas y unas cuarenta personas.",
        "Cada solicitud la lee una persona, casi siempre el mismo día.",
        "El precio se fija antes de empezar y después no cambia.",
        "La primera reunión es gratuita; lo demás lo decide usted.",
        "En diez años hemos terminado más de trescientos proyectos en la región.",
        "Los envíos salen del almacén dos veces por semana.",
        "Si algo no encaja, lo recogemos en un plazo de catorce días.",
        "La exposición se puede visitar sin cita desde las diez.",
        "Basta una descripción breve y dos fotografías para el presupuesto.",
        "Trabajamos con proveedores que conocemos desde hace años.",
        "Los pedidos grandes tienen un interlocutor hasta el final.",
        "En primavera abrimos el jardín, con café y música.",
        "El mantenimiento es parte del contrato y gratuito el primer año.",
    ),
    titles=(
        "Dirección",
        "Ventas",
        "Jefa de proyecto",
        "Contabilidad",
        "Recepción",
        "Atención al cliente",
    ),
    labels=("Escríbanos:", "Para más información:", "La oficina responde en", "Correo:"),
    team="Las personas que le atienden",
    contact="Contacto",
    email="Correo",
    department="Departamento",
    hours=("De lunes a jueves", "Viernes", "Sábado", "Domingo", "cerrado"),
    rights="Todos los derechos reservados.",
    button="Enviar mensaje",
)

LANGUAGES = (ENGLISH, ENGLISH, ENGLISH, ARABIC, ARABIC, GERMAN, FRENCH, SPANISH)
"""Sites draw their language from here: English and Arabic most often."""
