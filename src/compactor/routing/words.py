"""By what words the complexity of a task is told: plain phrases by language, to read, correct and translate. Data only.

Commas separate phrases; hyphens may be left out. 'hint' is for verbs that are part of nearly every task: they count as
'simple', and only where nothing else is found. Most specific phrases name what makes work hard (many places at once,
things that must not fail), not what the work is called.

To add a language, add an entry to `LANGUAGES`.
"""

from __future__ import annotations

from collections.abc import Mapping

HINT = 'hint'
"""The row of what counts only where nothing else is found."""

ENGLISH: Mapping[str, str] = {
    'trivial': """
        typo, typos, misspelling, misspelled, spelling, rename, renaming, whitespace, indent, indentation, fix indent,
        semicolon, trailing comma, blank line, format, formatting, reformat, add comment, add a comment, bump version,
        bump the version, one liner, unused import, unused imports, import order, wording, capitalization, punctuation
    """,
    'simple': """
        simple, basic, small, tiny, boilerplate, crud, hello world, getter, setter, property, create function,
        single function, one function, constant, log line, log message, default value, flag, field, docstring, readme,
        type hint, type hints, snippet
    """,
    HINT: """
        add, adding, write, writing, create, generate, make, change, set, show, print, remove, delete, fix, use, put
    """,
    'moderate': """
        refactor, refactoring, improve, restructure, restructuring, reorganize, reorganise, update logic,
        update the logic, connect, integrate, integration, add feature, new feature, feature, unit test, unit tests,
        tests for, validate, validation, sanitize, middleware, endpoint, parser, retry, caching, pagination,
        error handling, api, debug, bug, regression, query, form, state machine, concurrency, async
    """,
    'complex': """
        architect, architecture, architectural, design, redesign, redesigning, migrate, migrating, migration,
        multi file, multiple files, across files, many files, several modules, across the codebase, whole codebase,
        whole project, optimize performance, optimise performance, performance, bottleneck, security audit, security,
        refactor all, rewrite all, subsystem, database schema, schema change, authentication, authorization,
        encryption, backward compatible, backwards compatible, backward compatibility, race condition,
        race conditions, deadlock, memory leak, thread safe, thread safety, algorithm, trade offs, plugin system,
        protocol, compiler, scheduler
    """,
    'expert': """
        distributed, distributed system, distributed systems, microservice, microservices, real time, scalability,
        scalable, horizontally, zero downtime, critical path, consensus, sharding, replication, security critical,
        safety critical, mission critical, compliance, fault tolerant, fault tolerance, high availability,
        disaster recovery, exactly once, linearizable, linearizability, split brain, leader election, multi region,
        multi tenant, formal verification, formally verify, cryptography, cryptographic, zero knowledge, lock free,
        event sourcing, threat model, petabyte, petabytes
    """,
}

GERMAN: Mapping[str, str] = {
    'trivial': """
        tippfehler, rechtschreibung, umbenennen, umbenenne, einrückung, leerzeichen, formatieren, formatierung,
        kommentar ergänzen, semikolon
    """,
    'simple': 'einfach, einfache, einfachen, klein, kleine, kleinen, eine funktion, konstante, standardwert',
    HINT: 'schreib, schreibe, füge, ergänze, erstelle, ändere, behebe, entferne, lösche, mach, mache, zeige',
    'moderate': """
        refaktoriere, refaktorieren, überarbeite, umbauen, umstrukturieren, verbessere, integriere, anbinden,
        unit tests, validierung, validiere, schnittstelle, fehlerbehandlung, fehlersuche
    """,
    'complex': """
        architektur, entwirf, entwurf, neu entwerfen, migriere, migrieren, umstellung, mehrere dateien,
        mehrere module, ganzes projekt, gesamte codebasis, leistung optimieren, engpass, sicherheitsprüfung,
        sicherheit, datenbankschema, verschlüsselung, abwärtskompatibel, wettlaufsituation, speicherleck
    """,
    'expert': """
        verteilt, verteilte, verteiltes, verteilten, microservices, echtzeit, skalierbar, skalierbarkeit,
        ohne ausfallzeit, ohne unterbrechung, konsens, replikation, sicherheitskritisch, ausfallsicher,
        hochverfügbar, hochverfügbarkeit, fehlertolerant, mandantenfähig, kryptographie, kryptografie
    """,
}

SPANISH: Mapping[str, str] = {
    'trivial': 'errata, ortografía, renombra, renombrar, sangría, espacios, formatear, punto y coma',
    'simple': 'sencillo, sencilla, simple, básico, básica, pequeño, pequeña, una función, constante',
    HINT: 'agrega, añade, escribe, crea, cambia, corrige, elimina, haz, muestra',
    'moderate': 'refactoriza, refactorizar, mejora, reestructura, integra, conecta, pruebas unitarias, validación',
    'complex': """
        arquitectura, diseña, rediseña, migra, migrar, migración, varios archivos, varios módulos,
        todo el proyecto, rendimiento, auditoría de seguridad, seguridad, esquema de la base de datos, cifrado
    """,
    'expert': """
        distribuido, distribuida, distribuidos, microservicios, tiempo real, escalabilidad, sin tiempo de inactividad,
        sin interrupción, consenso, replicación, alta disponibilidad, tolerante a fallos, criptografía
    """,
}

FRENCH: Mapping[str, str] = {
    'trivial': 'faute de frappe, orthographe, renomme, renommer, indentation, espaces, formater, point virgule',
    'simple': 'simple, petit, petite, basique, une fonction, constante, valeur par défaut',
    HINT: 'ajoute, écris, crée, change, corrige, supprime, fais, affiche',
    'moderate': 'refactorise, refactoriser, améliore, restructure, intègre, connecte, tests unitaires, validation',
    'complex': """
        architecture, conçois, concevoir, migre, migrer, migration, plusieurs fichiers, plusieurs modules,
        tout le projet, performances, audit de sécurité, sécurité, schéma de base de données, chiffrement
    """,
    'expert': """
        distribué, distribuée, distribués, microservices, temps réel, montée en charge, sans interruption,
        consensus, réplication, haute disponibilité, tolérance aux pannes, tolérant aux pannes, cryptographie
    """,
}

CHINESE: Mapping[str, str] = {
    'trivial': '错别字, 拼写, 重命名, 改名, 缩进, 空格, 格式化',
    'simple': '简单, 一个函数, 常量, 默认值',
    HINT: '添加, 编写, 写一个, 创建, 修改, 删除',
    'moderate': '重构, 改进, 集成, 单元测试, 校验, 验证, 中间件, 接口',
    'complex': '架构, 设计, 迁移, 多个文件, 多个模块, 整个项目, 性能, 安全审计, 安全, 数据库结构, 加密',
    'expert': '分布式, 微服务, 实时, 可扩展性, 零停机, 不停机, 共识, 分片, 高可用, 容错, 合规, 密码学',
}

LANGUAGES: Mapping[str, Mapping[str, str]] = {
    'en': ENGLISH,
    'de': GERMAN,
    'es': SPANISH,
    'fr': FRENCH,
    'zh': CHINESE,
}
