"""The words of the notebook's panel and form, in English and Arabic."""

from __future__ import annotations

import locale
import os
import re
from typing import Literal, get_args

from mailharvest.errors import SpecError
from mailharvest.given import show
from mailharvest.progress import NO_WORKERS

Language = Literal["en", "ar"]

_ARABIC = {
    "job": "المهمة",
    "queued": "في الانتظار",
    "planning": "قيد الإعداد",
    "running": "قيد التشغيل",
    "paused": "متوقفة مؤقتًا",
    "stopped": "متوقفة",
    "completed": "مكتملة",
    "failed": "فشلت",
    "cancelled": "ملغاة",
    "e-mails": "عناوين بريد",
    "of": "من",
    "per minute": "في الدقيقة",
    "time left": "الوقت المتبقي",
    "elapsed": "الوقت المنقضي",
    "pages": "صفحات",
    "s": "ث",
    "sites": "مواقع",
    "new per page": "جديد لكل صفحة",
    "duplicates": "مكررات",
    "slots": "المهام المتزامنة",
    "chunks": "الدفعات",
    "waiting": "بانتظار",
    "active": "نشطة",
    "done": "منجزة",
    "errors": "أخطاء",
    "none": "لا يوجد",
    "unknown": "غير معروف",
    "workers": "العمال",
    "worker": "العامل",
    "memory": "الذاكرة",
    "CPU": "المعالج",
    "heard of": "آخر اتصال",
    "ago": "مضت",
    "more": "أخرى",
    "Pause": "إيقاف مؤقت",
    "Resume": "استئناف",
    "Cancel": "إلغاء",
    "Dask dashboard": "لوحة Dask",
    "New job": "مهمة جديدة",
    "Start": "ابدأ",
    "starting…": "جارٍ البدء…",
    "Query": "عبارة البحث",
    "Values for {names}": "قيم {الأسماء}",
    "Most e-mails": "أقصى عدد للعناوين",
    "Country": "الدولة",
    "E-mail type": "نوع البريد",
    "Provider": "مزود البحث",
    "Key": "المفتاح",
    "Address of the provider": "عنوان المزود",
    "Deep scrape": "الكشط العميق",
    "Slots": "المهام المتزامنة",
    "fetch the pages": "جلب الصفحات",
    "snippets only": "المقتطفات فقط",
    "only without an address in the snippet": "عند خلو المقتطف من عنوان",
    "one a line": "واحدة في كل سطر",
    "chunks to begin with": "دفعات في البداية",
    "API calls to begin with": "استدعاءات في البداية",
    "queries": "عبارات بحث",
    "all": "الكل",
    "business": "شركات",
    "free": "مجاني",
    "role": "وظيفي",
    "personal": "شخصي",
    "too early to say": "من المبكر معرفة ذلك",
    "target reached": "تم بلوغ الهدف",
    "source exhausted": "نفد المصدر",
    "blocked by the provider": "حظر المزود الطلب",
    "out of credits": "نفد الرصيد",
    "bad API key": "مفتاح غير صالح",
    "the provider does not answer": "المزود لا يستجيب",
    "most pages could not be reached": "تعذر الوصول إلى معظم الصفحات",
    NO_WORKERS: "لا يوجد عمال: شغّل بعضهم، أو cluster.scale(2)",
}

_NUMBER = r"([\d,]+)"
_PATTERNS = (
    (rf"exhausts at about {_NUMBER} of {_NUMBER} in (.+)", r"ينفد المصدر عند نحو \1 من \2 خلال \3"),
    (rf"exhausts at about {_NUMBER} in (.+)", r"ينفد المصدر عند نحو \1 خلال \2"),
    (rf"{_NUMBER} in about (.+)", r"\1 خلال نحو \2"),
    (r"done in about (.+)", r"ينتهي خلال نحو \1"),
    (rf"{_NUMBER} of {_NUMBER} known pages done", r"أُنجز \1 من \2 صفحة معروفة"),
    (rf"waiting for {_NUMBER} URLs? until (.+)", r"بانتظار \1 من الروابط حتى \2"),
    (r"nothing new for (.+)", r"لا جديد منذ \1"),
)
# What the form's fields refuse: message and fix, by the field. Where a field has several mistakes
# they are told apart by a word of the English one; the last of each fits whatever it is.
_REFUSALS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "query": (
        ("is empty", "فارغة", "مثال: وكلاء عقارات {city}"),
        (r"braces in (.+) are", r"ليست الأقواس في \1 أسماء", "اكتب {city}، و{{ أو }} للقوس نفسه"),
        ("", "ليست عبارة بحث", "مثال: وكلاء عقارات {city}"),
    ),
    "expand": (
        (r"(\{.+\}) has no values", r"لا قيم للاسم \1", "اكتبها هنا: city: القاهرة, الجيزة"),
        (r"no query uses (\{.+\})", r"لا تستعمل أي عبارة \1", "اكتبه في العبارة أو احذف القيم"),
        (r"list of (\{.+\}) is empty", r"قائمة \1 فارغة", "أضف قيمًا"),
        (r"makes ([\d,]+) queries", r"هذه \1 عبارة، وهي أكثر مما تسعه مهمة", "اختصر قائمة"),
        (r"(.+) has no name", r"ليس قبل \1 اسم", "اكتب city: القاهرة, الجيزة"),
        ("", "ليست قيمًا", "اكتب city: القاهرة, الجيزة"),
    ),
    "max_emails": (("", "ليس عددًا صحيحًا من 1 فأكثر", "مثال: 1000، أو none لكل ما في المصدر"),),
    "country": (("", "ليس رمز دولة من حرفين (ISO 3166)", "مثال: eg أو sa أو de"),),
    "slots": (("", "ليس auto ولا عددًا من 1 إلى 10,000", "اكتب auto"),),
    "api_key": (
        ("", "لا يُكتب المفتاح نفسه في المهمة", "ضعه في متغير بيئة واكتب env:SERPER_API_KEY"),
    ),
    "base_url": (
        ("no address", "لا عنوان معروف لهذا المزود", "اكتب أين يجيب: http://127.0.0.1:8888"),
        ("password", "لا يُكتب اسم مستخدم ولا كلمة مرور في المهمة", "احذفهما"),
        ("", "ليس رابط http أو https", "مثال: http://127.0.0.1:8888"),
    ),
}
_ANY = (("", "قيمة غير صالحة", "صححها"),)

_UNITS = {"days": "أيام", "min": "د", "d": "ي", "h": "س", "m": "د", "s": "ث"}


class Words:
    """What is said in a language.

    Parameters
    ----------
    language : {"en", "ar"}, optional
        None is that of this process (``LANG``), English when it is neither; what is shown in a
        browser asks that for its own: :mod:`mailharvest.ui.browser`.

    >>> Words("en")("pages"), Words("ar")("pages")
    ('pages', 'صفحات')
    >>> Words("ar")("7,400 in about 3 min"), Words("ar").time("2h 15m 30s")
    ('7,400 خلال نحو 3 د', '2س 15د 30ث')
    """

    def __init__(self, language: Language | None = None) -> None:
        self.language = language or _spoken()
        if self.language not in get_args(Language):
            said = f"{show(language)} is unknown"
            raise SpecError(said, field="language", fix="write 'en' or 'ar'")
        self.direction = "rtl" if self.language == "ar" else "ltr"

    def __call__(self, text: str) -> str:
        """`text` in this language; what has no translation (a site, a title) stays."""
        if self.language == "en":
            return text
        if text in _ARABIC:
            return _ARABIC[text]
        for pattern, arabic in _PATTERNS:
            if match := re.fullmatch(pattern, text):
                return self.time(match.expand(arabic))
        return text

    def refusal(self, field: str, message: str, fix: str | None) -> tuple[str, str | None]:
        """What a field of the form refuses, and what mends it, in this language.

        >>> Words("ar").refusal("country", "'uk' is no country code", "did you mean gb?")[1]
        'مثال: eg أو sa أو de'
        """
        if self.language == "en":
            return message, fix
        for pattern, arabic, mended in _REFUSALS.get(field, _ANY):
            if match := re.search(pattern, message):
                return match.expand(arabic), mended
        raise AssertionError(f"no translation for {field}")  # the last pattern fits everything

    def time(self, text: str) -> str:
        """A duration, with its units in this language."""
        if self.language == "en":
            return text
        if text == "unknown":
            return self(text)
        units = "|".join(_UNITS)
        return re.sub(rf"(?<=\d)( ?)({units})\b", lambda m: m[1] + _UNITS[m[2]], text)


def _spoken() -> Language:
    tag = os.environ.get("LANGUAGE") or locale.getlocale()[0] or os.environ.get("LANG") or "en"
    return "ar" if tag.lower().startswith("ar") else "en"
