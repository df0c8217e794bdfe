"""By what words a task is recognised: plain phrases by language, to read, correct and translate. Data only.

A phrase is one or more words in lower case; commas separate phrases, and a `?` is a word too. The longest phrase that
fits decides, and so takes its words out of the way of shorter ones.

    opens   strength 3: at the beginning of a clause, that is of the prompt or behind a punctuation mark, a joining or
            a skipped word
    asks    strength 2: at the beginning of a clause, so that anything else that is asked for too comes first
    says    strength 2: anywhere
    hints   strength 1: anywhere, where nothing stronger is found

To add a language, add an entry to `LANGUAGES` (or to `UNSPACED`, if its words are not separated by spaces).
"""

from __future__ import annotations

from collections.abc import Mapping

Phrases = Mapping[str, Mapping[str, str]]
"""Strength -> task -> phrases; see above."""

# Words that do not end the beginning of a clause ('please', 'can you'), and words that begin a new one ('and').
SKIPPED = """
    please, pls, can you, could you, can we, could we, would you, will you, would you mind, can you please, ok, okay,
    yeah, alright, right, well, so, now, just, also, first, next up, let's, lets, let us, i want you to, i want to,
    i'd like you to, i would like you to, we want to, we need to, we have to, you need to, you have to, you should,
    i need you to, need to, go ahead and, go and, try to, help me, help me to, your task is to, your task, hey, hi,
    hmm, actually, maybe, perhaps, simply, quickly, again, do, we should, you can, it would be nice to, want to,
    cool, great, nice, good, perfect, thanks, once, finally, still, instead, to, not,
    bitte, kannst du, kannst du mir, kannst du bitte, könntest du, jetzt, dann, noch, mal, nun, gut, mir,
    por favor, puedes, podrías, ahora, primero, bueno, vale,
    s'il te plaît, stp, peux, tu, tu peux, maintenant, d'abord, bon
"""
JOINING = """
    and, then, and then, but, or, und, aber, oder, y, luego, después, pero, et, puis, ensuite, mais
"""

ENGLISH: Phrases = {
    'opens': {
        'code_generation': """
            write, create, implement, generate, build, add, fix, edit, modify, refactor, make, change, update, rename,
            move, extract, split, remove, delete, drop, replace, convert, port, translate, turn, set up, setup,
            scaffold, bump, upgrade, migrate, rewrite, rework, redo, undo, revert, restore, use, switch, optimize,
            optimise, speed up, simplify, clean up, cleanup, tidy, get rid of, handle, support, hook, wire, connect,
            integrate, apply, address, resolve, solve, sort, rebase, increase, decrease, reduce, lower, raise,
            document, finish, complete, continue, go on, go ahead, go for it, go with, keep going, keep, proceed,
            carry on, carry out, follow, do it, do that, do this, do both, do the, do so, do all, do them, try again,
            try, retry, next, next one, start with, begin with, start the next, start implementing, start coding,
            start on, execute the plan, execute phase, execute step, i need a, i need an, i want a, i want an,
            i'd like, i would like, we need a, we need an, we also need, we need, put, insert, inline, introduce,
            expose, allow, let the, enable, disable, hide, ensure, make sure, mock, parametrize, parameterize, patch,
            correct, adjust, adapt, extend, improve, enhance, polish, style, wrap, catch, cache, format the output,
            return, throw, log, store, save, include, exclude, merge the, combine, unify, deduplicate, decouple,
            isolate, encapsulate, define, declare, register, configure, deploy, bring, align, center, shorten, cut,
            trim, strip, skip, ignore, override, swap, port it, get it, get the, get this, implementing, adding,
            fixing, swap out, fill in, append, prepend, sanitize, escape, encode, decode, validate the input, option,
            yes, yep, yup, sure, sounds good, ship it, same, same thing, same for, it should, it must, this should,
            this must, that should, no it should, draft the code, prototype, pin, rewire, downgrade, bug, draw,
            render, display, print, show a, show an, show the number, persist, propagate, rollback, roll back, type,
            annotate, vendor, swap it
        """,
        'explanation': """
            explain, find out, figure out, why, how does, how do, how did, how is, how are, how was, how come,
            how can, how to, how would this, how many, how much, how, what is, what's, whats, what are, what was,
            what were, what does, what do, what did, what happens, what happened, what changed, what about, what if,
            what, which, where, who, whose, when is, when are, when do, when does, when did, when was, when will,
            describe, tell me about, tell me more, tell me, tell us, walk me through, walk us through,
            talk me through, give me an overview, give an overview, give me a summary, overview of, summarize,
            summarise, summary of, help me understand, help us understand, i don't understand, i do not understand,
            i don't get, i do not get, i'm confused, i am confused, i wonder, i'm wondering, teach me, compare,
            elaborate, clarify, define the term, more detail, more details, is it, is there, is this, is that, is the,
            isn't, are there, are these, are those, are we, are the, are you, does, doesn't, do we, do you, do i,
            do they, don't we, did, didn't, was, were, has, have you, have we, hasn't, in what, in which, at what,
            on which, for what, meaning, any idea why, any idea, you said, educate me, remind me, interpret, will it,
            will this, would this, would that, would it, can it, can this, am i, could this, could it
        """,
        'planning': """
            plan, design, architect, propose, suggest, recommend, brainstorm, outline, sketch, strategize,
            think through, think about, make a plan, make me a plan, create a plan, write a plan, draft a plan,
            give me a plan, come up with, come up with a plan, let's plan, lets plan, let's discuss, let's think,
            discuss, estimate, draft a roadmap, write a roadmap, roadmap, break down, break it down, break this down,
            break the, prioritize, how should, how shall, how would you, how would we, how would i, how could,
            how could we, how could i, how best to, how might, what approach, which approach, what would,
            what would be, what's the best, what is the best, whats the best, what should, what are our options,
            what are my options, what are the options, what order, what would it take, what strategy, what steps,
            what are the steps, which database should, which should, which library should, should we, should i,
            should it, should this, should the, is it better, is it worth, would it make sense, does it make sense,
            before you start, before we start, before you write, draft a design, draft, propose a plan, where should,
            when should, who should, which one should, can you plan, plan out, map out, lay out
        """,
        'review': """
            review, re-review, audit, check the code, check my, check this code, check for, check that, check whether,
            double check, double-check, cross check, verify, validate, analyze, analyse, inspect, assess, evaluate,
            critique, criticize, proofread, look for bugs, look for problems, look for issues, look for, look over,
            go over, go through, find problems, find bugs, find issues, find the problems, any issues, any problems,
            any bugs, any concerns, any thoughts, anything wrong, anything missing, is anything wrong,
            what do you think, what could go wrong, what can go wrong, what's wrong with, what is wrong with,
            give me feedback, give feedback, feedback on, code review, security review, do a review,
            do a security review, do a code review, do a sanity check, sanity check, is this implementation correct,
            is this correct, is this code correct, is it correct, scan, second pass, compare the implementation,
            compare our implementation, rate, grade, judge, examine, scrutinize, take a critical look, can you spot,
            spot, test coverage of, nitpick
        """,
    },
    'asks': {
        'tool_call': """
            run, rerun, re run, execute, ls, pwd, cat, git status, git log, git diff, grep, list, show me, show, read,
            open, search, find all, find the file, find, fetch, pull, push, commit, checkout, check out,
            check the status, check if, status of, count, download, install, start the server, start the dev server,
            start it, start up, stop the, restart, kill, close, what is in, what's in, what files, which files,
            which version, look at, look up, look, print the, tail, head, stash, tag it, launch, view
        """,
    },
    'says': {
        'code_generation': """
            write code, doesn't work, does not work, didn't work, did not work, doesn't compile, not working,
            isn't working, is broken, are broken, still failing, still fails, still broken, should be, must be,
            has to be, have to be, needs to be, need to be, should not, shouldn't, must not, must say, should say,
            should print, should show, should return, should have, needs a, need a, cut off, other way round,
            implement, refactor, rewrite, the fix, a fix, that is wrong, that's wrong, it's wrong, is wrong,
            are wrong, is missing, are missing, solve the issue, write the, write a, hidden tests, complains,
            complaining, fix the, fix it, fix this, write any
        """,
        'explanation': """
            difference between, how it works, how this works, how that works, how come, what it does,
            i want to understand, to me like, in simpler words, right ?
        """,
        'planning': """
            do not write any code, don't write any code, do not write code, don't write code, don't code, do not code,
            no code yet, no code, without code, without writing code, not write any code yet, before implementing,
            before implementing it, before you touch, before we build, before we implement, before coding,
            a plan first, the rollout, would you approach, go about, best way to, way to structure, trade-off,
            pros and cons
        """,
        'review': """
            feedback on, code review, for bugs, for issues, for race conditions, for vulnerabilities, for leftovers,
            edge cases ?, for gaps, be strict, vulnerabilities, review of, security review, off by one,
            anything outdated, anything wrong, for obvious mistakes, hard coded secrets
        """,
    },
    'hints': {
        'code_generation': """
            fails, fail, failing, failed, broken, bug, bugs, error, errors, exception, crash, crashes, crashed, race,
            leak, panicked, panic, traceback, err, wrong, missing, disappears, empty, incorrect, regression, flaky,
            hangs, freezes, slow, timeout, issue, problem, although, should, must, needs, instead, rather, test for,
            tests for, type hints, fix, add, write, change, remove, update, rename, create, undo, ok, okay, also,
            getting this, twice, negative, null, none, undefined, accepted, produces, returns, throws, logged out,
            overlaps, wraps, flickers, blocks, prefer, want, only, always, never, no the, task, todo, items,
            checklist, phase, step
        """,
        'explanation': '?, explain, understand, explanation, mean, means, why',
        'planning': 'plan, design, architecture, strategy, approach, roadmap, proposal',
        'review': 'review, audit, feedback, analysis, coverage',
    },
}

GERMAN: Phrases = {
    'opens': {
        'code_generation': """
            schreib, schreibe, schreiben, behebe, behebt, beheb, korrigiere, korrigier, füge, füg, ergänze, ergänz,
            erstelle, erstell, erzeuge, implementiere, implementier, implementieren, baue, bau, ändere, änder, ändern,
            ersetze, ersetz, ersetzen, entferne, entfern, entfernen, lösche, lösch, löschen, verschiebe, benenne,
            refaktoriere, refactore, überarbeite, teile, aufteilen, optimiere, mach, mache, weiter, weitermachen, ja,
            mach weiter, mach das, passe, pass, aktualisiere, übersetze, verwende, benutze, nimm, setze um, repariere,
            fixe, stelle sicher, sorge, richte, lass uns, das gleiche, dasselbe, auch, los, vereinfache, räum, räume
        """,
        'explanation': """
            was, wer, wo, wie, wieso, weshalb, warum, wann, welche, welcher, welches, wofür, wozu, woher, erkläre,
            erklär, erklären, beschreibe, beschreib, fasse, fass, zusammenfassen, ist das, ist es, gibt es, sind, hat,
            erzähl, verstehe ich, ich verstehe nicht
        """,
        'planning': """
            plane, plan, entwirf, entwerfe, entwerfen, schlage, schlag, skizziere, konzipiere, mach erst einen plan,
            mach einen plan, erstelle einen plan, erst einen plan, wie sollten, wie sollen, wie soll, wie würdest,
            wie könnten, sollten wir, sollen wir, sollte ich, soll ich, welche strategie, welcher ansatz,
            welchen ansatz, was wäre
        """,
        'review': """
            prüfe, prüf, prüfen, überprüfe, überprüf, überprüfen, kontrolliere, analysiere, analysier, analysieren,
            bewerte, begutachte, untersuche, mach ein review, ein review, reviewe, schau drüber
        """,
    },
    'asks': {
        'tool_call': """
            führe, starte, stoppe, lies, zeig, zeige, liste, suche, such, öffne, lade, installiere, committe, pushe
        """,
    },
    'says': {
        'code_generation': """
            funktioniert nicht, geht nicht, ist kaputt, ist falsch, klappt nicht, hinzu, einen test, muss, müssen,
            aufteilen, umbenennen, einbauen, umsetzen, doppelt, hinzufügen, schreiben, beheben
        """,
        'explanation': 'unterschied zwischen, bedeutet, erklären, wie funktioniert',
        'planning': 'einen plan, noch keinen code, kein code, strategie, architektur, konzept',
        'review': 'review von, auf fehler, auf sicherheitslücken, sicherheitslücken, engpässe',
    },
    'hints': {
        'code_generation': 'fehler, kaputt, falsch, fehlt, soll, sollte, statt, stürzt, leer',
        'explanation': 'verstehe, genau',
    },
}

SPANISH: Phrases = {
    'opens': {
        'code_generation': """
            corrige, corregir, arregla, arreglar, agrega, agregar, añade, añadir, escribe, escribir, crea, crear,
            implementa, implementar, genera, refactoriza, cambia, cambiar, reemplaza, sustituye, elimina, borra,
            quita, mueve, renombra, actualiza, convierte, traduce, haz, hazlo, continúa, continua, sigue, adelante,
            sí, si, dale, optimiza, mejora, usa, lo mismo, divide, separa, extrae
        """,
        'explanation': """
            qué, que, por qué, porqué, cómo, cuál, cuáles, cuándo, dónde, quién, explica, explícame, explicame,
            describe, resume, qué hace, qué es, háblame, cuéntame, hay
        """,
        'planning': """
            diseña, diseñar, propón, propone, proponme, planifica, planea, sugiere, haz un plan, crea un plan,
            cómo deberíamos, cómo debería, cómo podríamos, qué enfoque, deberíamos, debería, cuál sería, esboza
        """,
        'review': """
            revisa, revisar, audita, auditar, analiza, analizar, verifica, verificar, comprueba, valida, evalúa,
            inspecciona, busca errores, busca problemas
        """,
    },
    'asks': {
        'tool_call': 'ejecuta, corre, lista, muestra, muéstrame, lee, abre, busca, instala, descarga',
    },
    'says': {
        'code_generation': """
            no funciona, no va, está roto, falla al, hay que, tiene que, debe, una prueba para, un test
        """,
        'explanation': 'diferencia entre, cómo funciona, qué significa',
        'planning': 'un plan, sin código, arquitectura, estrategia',
        'review': 'busca errores, en busca de',
    },
    'hints': {'code_generation': 'error, falla, roto, mal, vacío', 'explanation': 'entiendo, significa'},
}

FRENCH: Phrases = {
    'opens': {
        'code_generation': """
            corrige, corriger, ajoute, ajouter, écris, écrire, crée, créer, implémente, implémenter, génère,
            refactorise, modifie, change, remplace, supprime, enlève, retire, déplace, renomme, mets, mettre,
            convertis, traduis, fais, continue, oui, vas y, allez y, go, optimise, améliore, utilise, pareil, répare,
            divise, extrais, sépare, nettoie
        """,
        'explanation': """
            pourquoi, comment fonctionne, comment marche, comment ça, comment est, comment, qu'est ce que,
            qu'est ce qui, c'est quoi, quel, quelle, quels, quelles, quand, où, qui, que, explique, explique moi,
            expliquer, décris, résume, est ce que, y a t il, à quoi, parle moi
        """,
        'planning': """
            conçois, concevoir, propose, planifie, suggère, fais un plan, fais d'abord un plan, esquisse,
            comment devrions, comment devrait, comment pourrions, devrions nous, faut il, quelle approche,
            quelle stratégie
        """,
        'review': """
            relis, relire, vérifie, vérifier, audite, analyse, analyser, examine, contrôle, évalue, valide,
            fais une revue, revois
        """,
    },
    'asks': {
        'tool_call': 'lance, exécute, liste, montre, montre moi, affiche, lis, ouvre, cherche, installe, télécharge',
    },
    'says': {
        'code_generation': 'ne marche pas, ne fonctionne pas, ça plante, est cassé, il faut, doit, un test pour',
        'explanation': 'différence entre, ça veut dire, signifie, comment fonctionne',
        'planning': 'un plan, avant de coder, sans code, architecture, stratégie',
        'review': 'une revue, revue de code, failles',
    },
    'hints': {'code_generation': 'erreur, échoue, bogue, faux, vide', 'explanation': 'comprends'},
}

LANGUAGES: Mapping[str, Phrases] = {'en': ENGLISH, 'de': GERMAN, 'es': SPANISH, 'fr': FRENCH}

# Languages whose words are not separated by spaces; here 'opens' may stand anywhere too.
CHINESE: Phrases = {
    'opens': {
        'code_generation': """
            实现, 编写, 写一个, 写个, 写一段, 修复, 修改, 添加, 增加, 加上, 加一个, 重构, 重写, 删除, 移除, 替换,
            改成, 改为, 生成, 创建, 新建, 优化, 更新, 迁移到, 拆分, 提取, 继续, 好的, 就这样, 下一步, 下一个, 完成,
            改一下
        """,
        'explanation': """
            解释, 为什么, 什么是, 是什么, 怎么工作, 如何工作, 做什么, 有什么区别, 区别, 什么意思,
            介绍, 描述, 说明, 总结, 在哪里, 哪个, 吗
        """,
        'planning': '设计, 计划, 规划, 方案, 架构, 建议, 怎么组织, 应该怎么, 应该如何, 不要写代码, 先别写, 思路, 策略',
        'review': '审查, 评审, 检查, 审核, 分析, 验证, 找出问题, 有没有问题, 有没有',
    },
    'asks': {
        'tool_call': '运行, 执行, 列出, 读取, 打开, 查看, 搜索, 查找, 显示, 提交, 推送, 安装, 下载',
    },
    'says': {
        'code_generation': '不工作, 不能用, 报错, 失败了, 坏了',
    },
    'hints': {'code_generation': '错误, 应该', 'explanation': '？'},
}
UNSPACED: Mapping[str, Phrases] = {'zh': CHINESE}
