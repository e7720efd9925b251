"""Which charset of East Asia a page is in that does not say so: its frequent characters tell.

Nearly any bytes are well-formed in one of these charsets. But in the right one every other
character is one of the few hundred that its language uses most; in a wrong one, or where the page
is in an alphabet, hardly any is.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

_CHINESE = frozenset(
    "的一是不在人有我他中大和地到以要就出可也你生能而子那得下自之年作用道行所家事成方多去法如都同起看"
    "定天分好小部其些主理心本前但因只想日者意力它十民第公此已工使情明性知全三又正高由最重手文政相利二"
    "等或新制身果加月合回特代信表化世位次度任常先海通教原提立及比解水名真走各入口平女四何安少才反受目"
    "太量再感建必件期市直命山金指保至形社便空治展科司五基非白界光放即且完式色路南品住告求程北交取望共"
    "清今院"
)
_SIMPLIFIED = _CHINESE | frozenset(
    "了这个们来为国说时会对于着过发后里然种经么学现当没动面还进样开从实无与长把机关点业外将两间问很并物"
    "应向头体美见被什产话内给门员声论处义几认条系气题活更别打变总电数报结务做接场计管资统区决马书则达强"
    "难权设记类据边张该规万术领确传师观切让带导运联络邮箱址首页网站版权服务传真客户询线编号们友谢"
)
_TRADITIONAL = _CHINESE | frozenset(
    "了這個們來為國說時會對於著過發後里然種經麼學現當沒動面還進樣開從實無與長把機關點業外將兩間問很並物"
    "應向頭體美見被什產話內給門員聲論處義幾認條系氣題活更別打變總電數報結務做接場計管資統區決馬書則達強"
    "難權設記類據邊張該規萬術領確傳師觀切讓帶導運聯絡郵箱址首頁網站版權服務傳真客戶詢線編號台北謝臺灣"
)
_JAPANESE = frozenset(map(chr, range(0x3041, 0x30FF))) | frozenset(
    "日一国会人年大十二本中長出三同時政事自行社見月分議後前民生連五発間対上部東者党地合市業内相方四定今"
    "回新場金員九入選立開手米力学問高代明実円関決子動京全目表戦経通外最言氏現理調体化田当八六約主題下首"
    "意法不来作性的要用制度治電話番号住所絡先案内情報利株式商品販売店更新戻次送信担課県区町村駅"
)
_KOREAN = frozenset(
    "이다의는에하고가을지도로한사기어를은자서시리대인해전아나정주보수일부제스라상우장있원안그구여용유조성비"
    "과만경동위공계선관적게들신오학국면소마치트세진방생회화실개연미요문무물중재등드교단반민명모당간내임입남"
    "산영강분각행합러체통바음업심터페호년월습니까락처메번팩객센및복권록약료별판품"
)
_FREQUENT = {
    "gb18030": _SIMPLIFIED,
    "big5hkscs": _TRADITIONAL,
    "cp932": _JAPANESE,
    "euc_jp": _JAPANESE,
    "cp949": _KOREAN,
}
_STRETCH = re.compile(rb"[\x80-\xff][\x40-\xff]{0,200}")  # from a first byte on, that is
_STRETCHES, _SAMPLE = 1000, 8192
_ENOUGH = 0.3  # of the characters: texts have half of them and more, wrong guesses a tenth
_FEWEST = 3
_BROKEN = 0.02


def guess(data: bytes) -> str | None:
    """The charset of East Asia that a page is in, if it looks like one.

    >>> [guess(text.encode(name)) for text, name in (
    ...     ("電子郵件：", "big5"), ("联系我们", "gbk"), ("お問い合わせ", "shift_jis"),
    ...     ("お問い合わせ", "euc_jp"), ("연락처", "euc_kr"), ("пишите", "cp1251"))]
    ['big5hkscs', 'gb18030', 'cp932', 'euc_jp', 'cp949', None]
    """
    stretches = islice(_STRETCH.finditer(data), _STRETCHES)
    sample = b" ".join([stretch[0] for stretch in stretches])[:_SAMPLE]
    best, most = None, _ENOUGH
    for codec, frequent in _FREQUENT.items():
        share = _share(Counter(sample.decode(codec, "replace")), frequent)
        if share > most:
            best, most = codec, share
    return best


def _share(counts: Counter[str], frequent: frozenset[str]) -> float:
    """How many of the characters that are no ASCII and no signs are `frequent` ones."""
    letters = sum(n for c, n in counts.items() if c > "\x7f" and not _is_sign(c))
    known = sum(counts[c] for c in frequent & counts.keys())
    if known < _FEWEST or counts["\ufffd"] > letters * _BROKEN + 1:
        return 0.0
    return known / letters


def _is_sign(character: str) -> bool:
    """Whether it is one of the punctuation and the forms that all of these charsets share."""
    return "\u2000" <= character <= "\u303f" or "\uff01" <= character <= "\uff60"
