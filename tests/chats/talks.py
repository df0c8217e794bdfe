"""Twelve chats by hand: support, tutoring, planning, role play; English, German, Chinese; 1,000 to 16,000 tokens.

What matters is said once, somewhere, between turns that say little. Each question is the span that answers it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart

Language = Literal['en', 'de', 'zh']


@dataclass(frozen=True)
class Talk:
    """A chat.

    Attributes:
        name: what it is.
        turns: how many turns it has.
        said: what the person says that binds or is asked for later, each with the span that answers a question.
        agreed: what the agent says of the kind.
    """

    name: str
    language: Language
    turns: int
    said: Sequence[tuple[str, str]]
    agreed: Sequence[tuple[str, str]]

    @property
    def answers(self) -> list[str]:
        """What has to be there after a compaction."""
        return [span for _, span in (*self.said, *self.agreed)]

    def messages(self) -> list[ModelMessage]:
        """The chat, with what matters spread over its older part."""
        asks, replies = SMALL[self.language]
        places = {int((n + 0.5) * self.turns * 0.8 / len(self.said)): one for n, (one, _) in enumerate(self.said)}
        agreed = {int((n + 0.3) * self.turns * 0.8 / len(self.agreed)): one for n, (one, _) in enumerate(self.agreed)}
        history: list[ModelMessage] = []
        for n in range(self.turns):
            prompt = places.get(n) or asks[n % len(asks)].format(n=n + 1)
            answer = replies[n % len(replies)].format(n=n + 1)
            if n in agreed:
                answer = f'{agreed[n]} {answer}'
            history += [ModelRequest(parts=[UserPromptPart(prompt)]), ModelResponse(parts=[TextPart(answer)])]
        return [*history, ModelRequest(parts=[UserPromptPart(asks[0].format(n=self.turns + 1))])]


SMALL: dict[Language, tuple[Sequence[str], Sequence[str]]] = {
    'en': (
        ('Good, and what about point {n}?', 'Could you say a little more about part {n}?', 'I see. Please go on.'),
        (
            'Of course. Part {n} follows the same pattern as what came before it, and most people find that reading it'
            ' aloud helps. Take your time with it; there is no hurry, and we can come back to it whenever you like.',
            'Gladly. Point {n} is one of those things that sound harder than they are, so we look at it from two sides'
            ' and then put both together, slowly and in plain words, until it feels natural.',
        ),
    ),
    'de': (
        ('Gut, und wie ist es mit Punkt {n}?', 'Kannst du zu Teil {n} etwas mehr sagen?', 'Verstehe. Mach weiter.'),
        (
            'Gern. Teil {n} folgt demselben Muster wie das davor, und den meisten hilft es, ihn laut zu lesen. Nimm dir'
            ' Zeit dafür, wir haben es eilig damit, wann du willst, und kommen darauf zurück.',
            'Punkt {n} klingt schwerer, als er ist: wir sehen ihn von zwei Seiten an und setzen dann beides langsam und'
            ' in einfachen Worten zusammen, bis es sich natürlich anfühlt.',
        ),
    ),
    'zh': (
        ('好的,第{n}点呢?', '第{n}部分能再说一点吗?', '明白了,请继续。'),
        (
            '当然。第{n}部分和前面的模式一样,大多数人觉得读出声来会有帮助。慢慢来,我们随时可以回到这里再看一遍,把它和前面的内容'
            '放在一起比较,直到感觉自然为止。',
            '第{n}点听起来比实际上难,我们先从两个方面来看,再用简单的话把两边慢慢放到一起,这样记起来就容易多了。',
        ),
    ),
}

TALKS = (
    Talk(
        'support, a parcel', 'en', 20,
        (
            ('My order number is KT-48213 and the parcel went to 14 Alder Row.', 'KT-48213'),
            ('Please never call me, only write to ines@alder.example.', 'never call me'),
            ('The lamp must not be sent again, I want the 64.90 back.', 'must not be sent again'),
        ),
        (('I have opened case HB-771 for you.', 'HB-771'),),
    ),
    Talk(
        'support, a contract', 'en', 60,
        (
            ('Our contract ends on 2027-03-31 and must not renew by itself.', 'must not renew'),
            ('Invoices always go to accounts@brill.example, not to me.', 'accounts@brill.example'),
            ('We have 42 seats, of which 7 are empty.', '42 seats'),
            ('Only Oskar may approve anything above 900 dollars.', 'Only Oskar'),
        ),
        (
            ('I have noted a credit of 118 dollars for March.', '118 dollars'),
            ('The ticket for the export is SUP-3309.', 'SUP-3309'),
        ),
    ),
    Talk(
        'support, a router', 'de', 40,
        (
            ('Mein Router ist ein Fennek 6 mit der Seriennummer FK6-20931.', 'FK6-20931'),
            ('Bitte niemals aus der Ferne zurücksetzen, das Büro hängt daran.', 'niemals aus der Ferne'),
            ('Ich bin nur dienstags nach 17 Uhr zu erreichen.', 'nur dienstags'),
        ),
        (('Der Techniker kommt am 14. Mai mit dem Auftrag T-5512.', 'T-5512'),),
    ),
    Talk(
        'support, an account', 'zh', 40,
        (
            ('我的账号是 lin_2087,注册邮箱不要显示给任何人。', '不要显示给任何人'),
            ('退款只能退到尾号 6621 的卡。', '6621'),
            ('请不要打电话,我只在晚上八点以后看消息。', '晚上八点以后'),
        ),
        (('工单号是 GD-90417,三个工作日内答复。', 'GD-90417'),),
    ),
    Talk(
        'tutoring, fractions', 'en', 50,
        (
            ('I am nine and I never understood how to add thirds and quarters.', 'thirds and quarters'),
            ('Please do not tell me the answer before I have tried it.', 'do not tell me the answer'),
            ('My test is on 12 November, only chapters 3 and 4.', 'chapters 3 and 4'),
        ),
        (
            ('You mixed up numerator and denominator in exercise 17.', 'exercise 17'),
            ('We decided to draw pizzas instead of number lines.', 'instead of number lines'),
        ),
    ),
    Talk(
        'tutoring, verbs', 'de', 90,
        (
            ('Ich lerne Spanisch seit 8 Monaten und verwechsle immer ser und estar.', 'ser und estar'),
            ('Korrigiere mich nur am Ende, nicht mitten im Satz.', 'nur am Ende'),
            ('Meine Prüfung ist DELE B1 im Februar.', 'DELE B1'),
            ('Keine Beispiele mit Essen, bitte.', 'Keine Beispiele mit Essen'),
        ),
        (('Dein häufigster Fehler war der Subjuntivo nach ojalá.', 'ojalá'),),
    ),
    Talk(
        'tutoring, proofs', 'zh', 60,
        (
            ('我在准备考研数学,目标分数是 128 分。', '128'),
            ('必须用反证法讲,不要用归纳法。', '必须用反证法'),
            ('每次只能出三道题。', '只能出三道题'),
        ),
        (('你在第 23 题里忘了讨论等号成立的情况。', '第 23 题'),),
    ),
    Talk(
        'planning, a journey', 'en', 120,
        (
            ('We are five, two of us in wheelchairs, so no stairs anywhere.', 'no stairs anywhere'),
            ('The budget is 4,300 euros in all and must not be exceeded.', '4,300 euros'),
            ('We have to be back in Graz by 19 August.', '19 August'),
            ('My sister Petra cannot eat nuts.', 'cannot eat nuts'),
            ('Never book anything without asking me first.', 'Never book anything'),
        ),
        (
            ('I have put the night train NJ-446 on the list for the 9th.', 'NJ-446'),
            ('We chose Trieste instead of Venice because of the bridges.', 'Trieste instead of Venice'),
        ),
    ),
    Talk(
        'planning, a garden', 'de', 140,
        (
            ('Der Garten hat 310 Quadratmeter und einen lehmigen Boden.', '310 Quadratmeter'),
            ('Auf keinen Fall Kirschlorbeer, der ist giftig für die Hunde.', 'Auf keinen Fall Kirschlorbeer'),
            ('Der Nachbar Wieland will höchstens 1,80 Meter am Zaun.', 'höchstens 1,80 Meter'),
            ('Gießen kann ich nur am Wochenende.', 'nur am Wochenende'),
        ),
        (('Wir nehmen Felsenbirne statt Flieder, weil sie weniger Wasser braucht.', 'Felsenbirne statt Flieder'),),
    ),
    Talk(
        'planning, a move', 'zh', 120,
        (
            ('搬家日期定在 9 月 27 日,不能改。', '9 月 27 日'),
            ('钢琴必须由专业公司搬,不要找普通搬家公司。', '钢琴必须由专业公司搬'),
            ('预算最多 8600 元。', '8600'),
            ('新家在 14 楼,电梯只有周六可以用。', '只有周六可以用'),
        ),
        (('决定先寄书,而不是随车运,编号 BX-3071。', 'BX-3071'),),
    ),
    Talk(
        'role play, an inn', 'en', 200,
        (
            ('I play Maren, a smith who never lies and always limps.', 'never lies'),
            ('The innkeeper Tolm owes me 12 silver crowns.', '12 silver crowns'),
            ('Never speak for my character, only describe the world.', 'Never speak for my character'),
            ('The key to the cellar is hidden under the third barrel.', 'third barrel'),
            ('Keep every scene without blood, my son reads along.', 'without blood'),
        ),
        (
            ('Tolm whispers that the bridge at Varn is guarded by seven riders.', 'seven riders'),
            ('The letter in your pocket bears the seal of House Orrin.', 'House Orrin'),
        ),
    ),
    Talk(
        'role play, a ship', 'de', 180,
        (
            ('Ich bin Kapitänin Jorun auf der Sturmschwalbe, 23 Leute an Bord.', '23 Leute'),
            ('Antworte immer in der Gegenwart und nie länger als ein Absatz.', 'immer in der Gegenwart'),
            ('Der Steuermann Halvar darf auf keinen Fall sterben.', 'auf keinen Fall sterben'),
            ('Wir haben noch Wasser für 6 Tage.', '6 Tage'),
        ),
        (('Die Karte zeigt eine Insel namens Brokvik, zwei Tage im Norden.', 'Brokvik'),),
    ),
)  # fmt: skip
