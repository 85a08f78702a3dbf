"""Which code page a text was written in, told by how likely its letters are in the languages of that page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import inf, log

# The letters outside ASCII of a language, the most frequent first.
_WEST = {
    "french": "éàèêçùôâîûëïœüæ", "german": "üäöß", "spanish": "óíáéñúü", "italian": "èàùòéì",
    "portuguese": "ãáéçóíêõúâôàü", "swedish": "äåöé", "danish": "åøæé", "finnish": "äöå", "dutch": "ëéïèöü",
    "icelandic": "áðíéúóþöýæ", "catalan": "àèóéíòçúïü",
}  # fmt: skip
_CENTRAL = {
    "polish": "łęąóżśćńź", "czech": "áíěéřšžýčůúťďňó", "slovak": "áíéýčšžúľťôóňďĺŕä", "hungarian": "áéőöóíüúű",
    "romanian": "ăîşţâ", "croatian": "čšžćđ",
}  # fmt: skip
_RUSSIAN = {"russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"}
_PAGES: Mapping[str, Mapping[str, str]] = {
    "cp1252": _WEST,
    "cp1250": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "cp1251": {
        **_RUSSIAN, "ukrainian": "оаиніевтрслкдумпязьбгчйхцжшюїєщфґ", "bulgarian": "аеоитнрсвлкдпмзъугбчщхйцжшяюфь",
        "serbian": "аоиенрстдујквмплзбгћшчжцњљхфђџ",
    },
    "koi8-r": _RUSSIAN,
    "cp874": {"thai": "า่นรกเอ้งมัยทีลวดิสไหบคใตพแะจชุขปื์ูถผึ็โ"},
    "cp1253": {"greek": "ατοιενσςρκπυμλίηάδγέήόώθχύφβξζψϊϋΐΰ"},
    "cp1254": {"turkish": "ıüşğçöİâîû"},
    "cp1255": {"hebrew": "יוהלאמתרבשנחדעכקפטגצזםןסךףץ"},
    "cp1256": {"arabic": "اليمنتروهبدسكعحقفجأشخصطزةىذغضظءئإآؤگپچژ"},
    "cp1257": {"lithuanian": "ėšųįčąęūž", "latvian": "āīēšūņļģķžč", "estonian": "äõüöšž"},
    "cp1258": {"vietnamese": "\u0300\u0301\u0323đ\u0309ưôâơêă\u0303áàéíóúèù"},
}  # fmt: skip
# Commoner in subtitles than what is not here; a difference of 1 is e times less likely.
_RARE = {
    "iso8859-2": 3.0,
    "koi8-r": 2.0,
    "cp1258": 2.0,
    "cp874": 2.0,
    "icelandic": 3.0,
    "catalan": 2.0,
    "estonian": 2.0,
}
_UNUSUAL = 1.0
_UPPER = 0.12
# Signs that any language may have, each as likely as a middling letter.
_SIGNS = "“”„‘’‚«»…–—·¿¡°´©™€£♪♫\u00a0　。、，．？！：；「」『』（）《》【】〈〉～ー・―‥￥،؟؛№"
_SIGN_PROB = 0.01
_STRANGE_PROB, _BROKEN_PROB = 1e-6, 1e-8

# East Asian text by its most frequent characters, and how much of a text these are; then the others of its kind.
_CHINESE = (
    "的一是不了我你他她在有人这這那就也都和到说說要会會去来來没沒们們吗嗎什么麼好知道为為可以能想看得过過给給让讓"
    "吧呢啊很对對大家个個上下里裡时時候现現从從谁誰做怎样樣还還把被但只再真她它自己回走快跟等找问問"
)
_KOREAN = "이다는가을고에지하나도어아를은의해기서리게사니한그거자내야안요네너라만대로있없었면어든말것우정까죠습들오시"
_EAST_ASIAN: Mapping[str, tuple[str, ...]] = {
    "cp932": ("japanese",), "euc-jp": ("japanese",), "gb18030": ("chinese",), "big5": ("chinese",), "cp949": ("korean",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageFit:
    """How well a text of bytes fits a code page: the log-likelihood, and its mean over characters outside ASCII."""

    page: str
    language: str
    text: str
    likelihood: float
    mean: float


def page_fits(data: bytes) -> list[PageFit]:
    """Every code page with its likeliest language, the best first; bytes that a page has not become U+FFFD.

    Naive Bayes over characters outside ASCII, whose frequencies follow Zipf's law (1949) within a language. A
    character of two bytes counts as one unlikely choice, so that pages of one and of two bytes can be compared.
    """
    return sorted(_fits(data), key=lambda fit: -fit.likelihood)


def _fits(data: bytes) -> Iterator[PageFit]:
    for page in (*_PAGES, *_EAST_ASIAN):
        text = data.decode(page, errors="replace")
        counts = Counter(character for character in text if ord(character) > 127)
        total = sum(counts.values())
        languages = _PAGES[page] if page in _PAGES else _EAST_ASIAN[page]
        best, language = -inf, ""
        for name in languages:
            prior = -_RARE.get(name, _RARE.get(page, 0.0 if page == "cp1252" else _UNUSUAL))
            logs = _letter_logs(_PAGES[page][name]) if page in _PAGES else {}
            likelihood = prior + sum(n * _log_of(c, name, logs) for c, n in counts.items())
            if likelihood > best:
                best, language = likelihood, name
        yield PageFit(page, language, text, best, best / max(1, total))


def _log_of(character: str, language: str, logs: Mapping[str, float]) -> float:
    if character == "\ufffd":
        return log(_BROKEN_PROB)
    if character in _SIGNS:
        return log(_SIGN_PROB)
    if language in ("japanese", "chinese", "korean"):
        return _log_east_asian(character, language)
    return logs.get(character, log(_STRANGE_PROB))


@cache
def _letter_logs(letters: str) -> dict[str, float]:
    weights = {letter: 1 / (rank + 1.5) for rank, letter in enumerate(letters)}
    for letter, weight in list(weights.items()):
        if (upper := letter.upper()) != letter and len(upper) == 1:
            weights[upper] = max(weights.get(upper, 0.0), _UPPER * weight)
    total = sum(weights.values())
    return {letter: log(weight / total) for letter, weight in weights.items()}


def _log_east_asian(character: str, language: str) -> float:
    """About how likely a character is: kana, the commonest characters, and the 2000 to 4000 others in use."""
    if language == "japanese":
        if "\u3041" <= character <= "\u3096":
            return log(0.55 / 80)
        if "\u30a1" <= character <= "\u30fc":
            return log(0.1 / 80)
        return log(0.3 / 2000 if "\u4e00" <= character <= "\u9fff" else _STRANGE_PROB)
    if language == "korean":
        is_common, is_own, others = character in _KOREAN, "\uac00" <= character <= "\ud7a3", 1500
    else:
        is_common, is_own, others = character in _CHINESE, "\u4e00" <= character <= "\u9fff", 3500
    common = len(_KOREAN if language == "korean" else _CHINESE)
    return log(0.5 / common if is_common else 0.4 / others if is_own else _STRANGE_PROB)
