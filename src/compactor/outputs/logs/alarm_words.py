"""The table of alarms: words and patterns that tell of trouble, by topic and by language, each with a line as a sample.

A row's words are looked for first, all rows at once (`alarms`); then its pattern has to be in the line, or, of a row
without one, one of its words as a word: in no identifier, path, code frame or line that says that all went well.
Words are written in small letters. Languages that write words together are told by the parts of words.
"""

from __future__ import annotations

from typing import NamedTuple

WARNING, ERROR = 1, 2


class Alarm(NamedTuple):
    """A kind of trouble.

    Attributes:
        topic: what it is about, or the language.
        words: what gives it away, separated by blanks.
        sample: a line that says it.
        pattern: an expression that has to be in the line too; '' for none.
        grade: `ERROR` or `WARNING`.
    """

    topic: str
    words: str
    sample: str
    pattern: str = ''
    grade: int = ERROR


ALARMS: tuple[Alarm, ...] = (
    Alarm('levels', 'error errors err fatal severe critical crit emerg emergency panic dpanic fail', 'ERROR: disk is gone'),
    Alarm('failed', 'failed failure failures failing fails unsuccessful unsuccessfully', 'job 7 failed'),
    Alarm('alerts', 'alert', '[alert] worker 7 left', r'\[alert\]|\bALERT\b|level["\']?[=:] ?["\']?alert'),
    Alarm('exceptions', 'exception exceptions traceback uncaught unhandled rejection', 'Unhandled exception in worker 3'),
    Alarm('exit codes', 'exit exited exits exitcode exiting', 'Process exited with code 137',
          r'exit(?:ed|s|ing)?[ _]?(?:with|code|status|value)?[ _]?(?:code|status|value)?["\']?[:=]? ?\(?-?[1-9]\d*(?!\d*[./]\d)'
          r'|exit-code|exited (?:abnormally|unexpectedly)'),
    Alarm('results', 'returned returncode rc status', 'command returned non-zero status 2',
          r'(?i:returned (?:a )?(?:non-?zero|exit (?:code|status) [1-9]|error)|(?:\brc|returncode)["\']?[=:] ?-?[1-9]'
          r'|status[ =:]+[1-9]\d{0,2}/(?!SUCCESS))|non-zero exit'),
    Alarm('signals', 'sigkill sigsegv sigabrt sigterm sigbus sigill sigfpe sigpipe sighup sigquit signal',
          'worker was terminated by signal 9', r'\bSIG(?:KILL|SEGV|ABRT|TERM|BUS|ILL|FPE|PIPE|HUP|QUIT)\b'
          r'|(?:by|with|caught|received|got|on) (?:a )?signal'),
    Alarm('crashes', 'crash crashed crashes crashing aborted abort aborting segfault killed oom oomkilled coredump panicked'
          ' deadlock deadlocked corrupt corrupted corruption oops hung stalled wedged', 'corrupted page 77 of table orders'),
    Alarm('crashes in words', 'segmentation bus overflow dumped assertion illegal memory lockup', 'Bus error',
          r'(?i:segmentation (?:fault|violation)|bus error|(?:stack|buffer|heap|integer|arithmetic)[\- ](?:buffer[\- ])?overflow'
          r'|core dumped|assertion[^\n]{0,80}?(?:fail|violat)|illegal (?:instruction|state|argument|access|character|option)'
          r'|out of memory|(?:soft|hard) lockup|cannot allocate memory|memory (?:leak|exhausted|limit exceeded))'),
    Alarm('cannot', "cannot can't couldn't unable won't didn't doesn't isn't wasn't", 'unable to open orders.db',
          r"(?i:\bcannot\b|\bcan't\b|\bcouldn't\b|\bunable to\b|\bwon't (?:start|boot|load|open|compile)"
          r"|\b(?:did|does|is|was)n't (?:exist|start|respond|respond|match|complete|finish|work|found|supported|available))"),
    Alarm('could not', 'could', 'could not bind port 8099', r'(?i:\bcould not\b|\bcould n.t\b)'),
    Alarm('refused', 'denied refused rejected forbidden unauthorized unauthorised disallowed prohibited revoked blocked',
          'connect: connection refused'),
    Alarm('not', 'not', 'orders.csv: not found',
          r'(?i:\bnot (?:found|permitted|allowed|supported|available|reachable|responding|responded|recogni[sz]ed|ready'
          r'|enough|connected|authori[sz]ed|defined|declared|implemented|installed|exist|writable|readable|valid'
          r'|a (?:directory|git|valid|function|number)|mounted|healthy|in sync|converge|closed|balance|match)'
          r'|(?:does|do|did) not (?:exist|match|compile|have|support|respond|start|converge|agree)'
          r'|must not be|is not (?:a|an|set|running|empty|defined|known|usable))'),
    Alarm('no such', 'no', 'No such file or directory',
          r'(?i:\bno (?:such|space left|route to|permission|matching|module named|healthy|available|more retries|response|suitable'
          r'|connection could|longer reachable|free|heartbeat|live upstreams|leader)\b)'),
    Alarm('missing', 'missing undefined unresolved unknown unrecognized unrecognised undeclared uninitialized nonexistent'
          ' unreachable unavailable unexpected unsupported unhealthy unmet', 'unresolved import shop'),
    Alarm('invalid', 'invalid malformed mismatch mismatched violates violation violated incompatible inconsistent'
          ' inconsistency unparseable unparsable bad', 'invalid checksum in block 12', r'(?i:\b(?:invalid|malformed|mismatch\w*'
          r'|violat\w+|incompatible|inconsisten\w+|unpars\w+|bad (?:request|gateway|file|magic|token|checksum|address'
          r'|interpreter|substitution|flag|credentials|block|sector|option|descriptor|signature|certificate|header|state))\b)'),
    Alarm('time', 'timeout timeouts timed deadline', 'request timed out after 30 s',
          r'(?i:\btimed[ -]?out\b|\btime-?outs?\b(?!["\']?[ _]?(?:[=:]|is\b|of\b|set\b|\d))|deadline[ _]exceeded|\btimeout (?:after|exceeded|waiting|while|expired|error))'),
    Alarm('lost', 'lost dropped disconnected reset broken closed terminated interrupted', 'write barrier lost',
          r'(?i:\b(?:connection|barrier|heartbeat|quorum|lease|leadership|link|carrier|packets?|messages?|data|contact|sync|lock|session'
          r'|replica|node|leader|events?|device|signal)\b[^\n]{0,40}?\b(?:lost|dropped|reset|broken|closed unexpectedly|terminated|interrupted)\b'
          r'|\blost (?:connection|contact|quorum|data|the|lease|leadership|node|sync)|reset by peer|broken pipe|unexpectedly (?:closed|terminated|disconnected)'
          r'|terminated (?:abnormally|unexpectedly|with)|disconnected from|server closed|closed by (?:remote|peer|foreign)|was terminated)'),
    Alarm('conflicts', 'conflict conflicts conflicting diverged unmerged', 'CONFLICT (content): Merge conflict in shop/orders.py',
          r'\bCONFLICT\b|(?i:merge conflict|\b(?:in )?conflicts? (?:with|in|on|between|detected)\b|conflicting |have diverged|unmerged)'),
    Alarm('limits', 'exceeded exhausted full space quota throttled throttling many large limit overloaded', 'disk quota exceeded',
          r'(?i:\bexceed(?:ed|s)\b|\bexhausted\b|\b(?:disk|device|volume|queue|buffer|table|filesystem|partition|log|pool|storage|memory|cache)\b[^\n]{0,20} full\b'
          r'|space left|out of (?:disk )?space|\bthrottl(?:ed|ing)\b|too (?:many|large|long|big)|rate limit(?:ed)?\b|over(?:loaded| quota| limit)|limit reached)'),
    Alarm('balance', 'out', 'ledger out of balance by 13', r'(?i:\bout of (?:balance|range|bounds|sync|order|date|inodes|file descriptors|memory|disk|space|stock|handles))'),
    Alarm('retries', 'giving gave retries attempts', 'gave up after 40 retries',
          r'(?i:\bgiv(?:ing|e|en) up\b|\bgave up\b|(?:retries|attempts) (?:exhausted|failed|exceeded)|after \d+ (?:retries|attempts|failures))'),
    Alarm('offline', 'offline down degraded outage', 'replica db-2 is down',
          r'(?i:\b(?:is|are|went|gone|marked|now|link|node|host|peer|server|service|upstream|status|state)["\']?[ =:]+(?:is )?["\']?(?:offline|down|degraded)\b|\boutage\b)'),
    Alarm('exists', 'already', 'bind: address already in use', r'(?i:already (?:in use|exists?|defined|declared|registered|bound|locked))'),
    Alarm('expired', 'expired expires revoked stale', 'certificate has expired on 2026-01-01',
          r'(?i:\b(?:certificate|token|licen[cs]e|session|key|lease|credentials?|password|cert)\b[^\n]{0,40}?\b(?:expired|revoked|stale)\b|has expired)'),
    Alarm('locked', 'locked lock readonly', 'database is locked', r'(?i:\b(?:database|table|file|ledger|index|repository|apt|dpkg|resource|state)\b[^\n]{0,30}? (?:is )?locked\b|lock (?:file )?(?:held|exists|wait)|could not (?:get|obtain|acquire)[^\n]{0,20}lock|read-?only file ?system)'),
    Alarm('kernel', 'bug call blocked i/o io ext4 mce hardware', 'EXT4-fs error (device sda1): bad block bitmap',
          r'\bBUG:|Call Trace|blocked for more than|(?i:I/O error|EXT4-fs error|hardware error|mce: \[)'),
    Alarm('kubernetes', 'crashloopbackoff imagepullbackoff errimagepull evicted backoff failedscheduling unschedulable'
          ' failedmount createcontainererror createcontainerconfigerror invalidimagename nodenotready runcontainererror',
          'shop-0777   0/1   CrashLoopBackOff   41   3h',
          r'\w*(?:BackOff|ErrImagePull|Evicted|FailedScheduling|FailedMount|Unschedulable|ContainerError|ConfigError|InvalidImageName|NodeNotReady)\b|(?i:back-?off restarting|unschedulable)'),
    Alarm('HTTP', 'http get post put patch delete head options', '10.0.0.4 - - "POST /b HTTP/1.1" 502 41',
          r'HTTP/\d(?:\.\d)?["\']? (?:- )?["\']?(?:5\d\d|4(?!04)\d\d)\b|(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+(?: |["\'] |.{0,30}?status[=: ]+)(?:5\d\d)\b'),
    Alarm('HTTP in words', 'internal gateway service entity request payment teapot requests', '503 Service Unavailable',
          r'\b(?:500:? Internal|502:? Bad Gateway|503:? Service|504:? Gateway|400:? Bad Request|401:? Unauth|402:? Payment|403:? Forbidden|404:? Not Found|409:? Conflict|413:? |422:? Unprocess|429:? Too)'),
    Alarm('HTTP by status', 'status code responded', 'GET /orders responded with status 500',
          r'(?i:\b(?:status|status_code|code|http|responded(?: with)?)["\']?[=: ]+["\']?(?:HTTP )?5\d\d\b)'),
    Alarm('not found in HTTP', 'http', '10.0.0.4 - - "GET /b HTTP/1.1" 404 41', r'HTTP/\d(?:\.\d)?["\']? 404\b', WARNING),
    Alarm('git', 'overwritten', 'error: Your local changes would be overwritten by merge', r'would be overwritten by'),
    Alarm('make', 'stop', "make: *** No rule to make target 'all'.  Stop.", r'\*\*\* .*Stop\.'),
    Alarm('warnings', 'warn warning warnings wrn deprecated deprecation', 'WARNING: clock is 3 s behind', '', WARNING),
    Alarm('retrying', 'retrying retry slow degraded', 'retrying in 30 seconds', r'(?i:\bretrying\b|\bslow query\b)', WARNING),
    # -- other languages -------------------------------------------------------------------------------------------
    Alarm('German', 'fehler fehlgeschlagen fehlerhaft gescheitert abgebrochen verweigert abgelehnt ungültig ungültige ungültiger'
          ' unbekannt unbekannte fehlt abgestürzt ausnahme zeitüberschreitung unerwartet unerwartete unerwarteter überlauf'
          ' zugriffsfehler verbindungsfehler verloren', 'FEHLER: Verbindung zur Datenbank verloren'),
    Alarm('German refusals', 'nicht konnte kann', 'Die Datei konnte nicht geöffnet werden',
          r'(?i:konnten? nicht|kann nicht|nicht (?:gefunden|möglich|erreichbar|definiert|deklariert|vorhanden|erlaubt|verfügbar))'),
    Alarm('German warnings', 'warnung warnungen achtung', 'Warnung: Speicher ist knapp', '', WARNING),
    Alarm('French', 'erreur erreurs échec échoué échouée echec refusé refusée introuvable interdit invalide inconnu inconnue'
          ' plantage interrompu expiré dépassé inattendu inattendue', 'erreur : la table est pleine'),
    Alarm('French refusals', 'impossible non déclaré pas', 'Impossible de joindre le serveur',
          r'(?i:\bimpossible d|non (?:déclaré|trouvé|défini|autorisé|valide)|n.existe pas|pas (?:trouvé|autorisé|valide)|ne peut pas)'),
    Alarm('French warnings', 'avertissement attention', 'avertissement : horloge en retard', '', WARNING),
    Alarm('Spanish', 'error errores fallo fallos falló fallido fallida fracasó denegado denegada rechazado rechazada inválido'
          ' inválida desconocido excepción agotado abortado caducado inesperado', 'La copia falló: disco lleno'),
    Alarm('Spanish refusals', 'no', 'No se pudo abrir pedidos.csv', r'(?i:\bno (?:se (?:pudo|puede|encontró|encuentra)|existe|encontrad[oa]|válid[oa]|permitid[oa]))'),
    Alarm('Spanish warnings', 'advertencia aviso', 'Advertencia: poca memoria', '', WARNING),
    Alarm('Portuguese', 'erro erros falha falhas falhou negada negado recusada recusado inválido inválida desconhecido exceção'
          ' esgotado abortado expirou inesperado', 'Falha ao abrir pedidos.csv: permissão negada'),
    Alarm('Portuguese refusals', 'não', 'Não foi possível ligar ao servidor', r'(?i:não (?:foi possível|encontrad[oa]|existe|permitid[oa]|é possível|declarad[oa]|pode))'),
    Alarm('Italian', 'errore errori fallito fallita fallimento negato negata rifiutato rifiutata impossibile sconosciuto'
          ' invalido eccezione scaduto interrotto imprevisto', 'errore: impossibile aprire ordini.csv'),
    Alarm('Italian refusals', 'non', 'file non trovato', r'(?i:\bnon (?:trovat[oa]|valid[oa]|riuscit[oa]|è (?:stato )?possibile|esiste|consentit[oa]|dichiarat[oa]|può|definit[oa]))'),
    Alarm('Italian warnings', 'avviso avvertimento attenzione', 'Avvertimento: memoria quasi piena', '', WARNING),
    Alarm('Dutch', 'fout fouten mislukt geweigerd ongeldig ongeldige onbekend onbekende afgebroken vastgelopen verlopen'
          ' uitzondering', 'fout: verbinding geweigerd'),
    Alarm('Dutch refusals', 'niet', 'Bestand niet gevonden', r'(?i:\bniet (?:gevonden|mogelijk|toegestaan|bereikbaar|gedefinieerd)|kan (?:niet|geen))'),
    Alarm('Dutch warnings', 'waarschuwing', 'Waarschuwing: schijf bijna vol', '', WARNING),
    Alarm('Polish', 'błąd błędu błędy błędów niepowodzenie odmowa odrzucono nieprawidłowy nieprawidłowa nieznany nieznana'
          ' przerwano wyjątek nieudane', 'BŁĄD: brak połączenia z bazą'),
    Alarm('Polish refusals', 'nie', 'Nie można otworzyć pliku', r'(?i:\bnie (?:można|znaleziono|powiodło|udało|istnieje|odpowiada|zadeklarowan\w+))'),
    Alarm('Polish warnings', 'ostrzeżenie uwaga', 'Ostrzeżenie: mało miejsca', '', WARNING),
    Alarm('Czech', 'chyba chyby selhal selhalo selhala zamítnuto odmítnuto neplatný neplatná neznámý neočekávaný nelze nenalezen'
          ' nenalezeno výjimka', 'CHYBA: nelze otevřít soubor'),
    Alarm('Russian', 'ошибка ошибки ошибок сбой отказано отказ исключение неизвестный неверный недопустимый прервано'
          ' превышено недоступен недоступна аварийно', 'ОШИБКА: нет соединения'),
    Alarm('Russian refusals', 'не нет', 'Не удалось открыть файл', r'(?i:\bне (?:удалось|удаётся|найден\w*|может|существует|отвечает|определен\w*|объявлен\w*|поддерживается)|\bнет (?:соединения|доступа|места|такого))'),
    Alarm('Russian warnings', 'предупреждение внимание', 'Предупреждение: мало места', '', WARNING),
    Alarm('Ukrainian', 'помилка помилки збій відмовлено невідомий недійсний', 'ПОМИЛКА: немає місця'),
    Alarm('Ukrainian refusals', 'не немає', 'Не вдалося відкрити файл', r'(?i:\bне (?:вдалося|знайдено|може|існує)|немає (?:з|доступу|місця))'),
    Alarm('Turkish', 'hata hatası hatalı başarısız reddedildi geçersiz bulunamadı bağlanılamadı açılamadı yapılamadı tanımsız'
          ' bilinmeyen beklenmeyen', 'HATA: bağlanılamadı'),
    Alarm('Turkish warnings', 'uyarı dikkat', 'UYARI: disk dolu', '', WARNING),
    Alarm('Swedish', 'fel misslyckades misslyckad nekad nekades avvisad ogiltig okänd avbruten hittades undantag',
          'fel: filen hittades inte'),
    Alarm('Danish and Norwegian', 'fejl fejlede feil feilet mislykkedes mislyktes nægtet avvist afvist ugyldig ukendt ukjent'
          ' afbrudt avbrutt undtagelse', 'FEJL: adgang nægtet'),
    Alarm('Finnish', 'virhe virheet epäonnistui estetty virheellinen tuntematon löydy keskeytetty poikkeus', 'VIRHE: tiedostoa ei löydy'),
    Alarm('Hungarian', 'hiba sikertelen megtagadva érvénytelen ismeretlen található megszakadt kivétel', 'HIBA: a fájl nem található'),
    Alarm('Romanian', 'eroare erori eșuat eșec refuzat respins invalidă necunoscut', 'EROARE: conexiune eșuată'),
    Alarm('Greek', 'σφάλμα σφάλματα απέτυχε αποτυχία αρνήθηκε άγνωστο μη', 'ΣΦΆΛΜΑ: αποτυχία σύνδεσης', r'(?i:σφάλμα|απ[οέ]τυχ|αρνήθηκ|μη έγκυρ|άγνωστ)'),
    Alarm('Vietnamese', 'lỗi thất từ không', 'Lỗi: không thể mở tệp', r'(?i:\blỗi\b|thất bại|từ chối|không (?:thể|tìm thấy|tồn tại|hợp lệ))'),
    Alarm('Indonesian', 'galat kesalahan gagal ditolak kedaluwarsa', 'Gagal membuka pesanan.csv'),
)  # fmt: skip
"""By words, in languages that part them with blanks."""

SHAPES: tuple[Alarm, ...] = (
    Alarm('glog', '', 'E0102 10:00:00.123456  4412 store.cc:88] write barrier lost', r'[EF]\d{4} \d\d:\d\d:\d\d'),
    Alarm('Android', '', '01-02 10:00:00.123  1234  1250 E LedgerStore: barrier gone',
          r'\d\d-\d\d +\d\d:\d\d:\d\d\.\d+ +\d+ +\d+ +[EF] '),
    Alarm('Android, brief', '', 'E/LedgerStore( 1234): barrier gone', r'[EF]/[\w.\-]+ ?\( *\d+\)'),
    Alarm('syslog', '', '<3>shop: ledger gone', r'<(?:[0-3]|1[0-1]|2[4-7]|13[0-1])>'),
    Alarm('git', '', ' ! [rejected]        main -> main (fetch first)', r' ! \[(?:remote )?rejected\]'),
    Alarm('docker', '', '#9 ERROR: process "/bin/sh -c make" did not complete', r'#\d+ ERROR'),
    Alarm('pino and bunyan', '', '{"level":50,"msg":"ledger gone"}', r'\{[^\n]{0,200}?"level":[56]0\b'),
)  # fmt: skip
"""By the form in which a line begins."""

INSIDE: tuple[Alarm, ...] = (
    Alarm('Japanese', 'エラー 失敗 拒否 できません 見つかりません 例外 異常 無効 不正 タイムアウト ありません', 'エラー: 接続できません'),
    Alarm('Japanese warnings', '警告', '警告: 空き容量が少ない', '', WARNING),
    Alarm('Chinese', '错误 失败 拒绝 无法 找不到 未找到 异常 超时 无效 崩溃 錯誤 失敗 拒絕 無法 逾時 無效 例外', '错误：无法连接数据库'),
    Alarm('Korean', '오류 실패 거부 없습니다 에러 예외 시간초과 잘못된', '오류: 연결할 수 없습니다'),
    Alarm('Korean warnings', '경고', '경고: 디스크 부족', '', WARNING),
    Alarm('Thai', 'ข้อผิดพลาด ล้มเหลว ปฏิเสธ ไม่พบ ไม่สามารถ', 'ข้อผิดพลาด: ไม่พบไฟล์'),
    Alarm('Arabic', 'خطأ فشل رفض تعذر غير', 'خطأ: تعذر فتح الملف', r'خطأ|فشل|رفض|تعذر|غير (?:موجود|صالح|معروف)'),
    Alarm('Hebrew', 'שגיאה נכשל נדחה נמצא', 'שגיאה: הקובץ לא נמצא', r'שגיאה|נכשל|נדחה|לא (?:נמצא|ניתן)'),
    Alarm('Hindi', 'त्रुटि विफल अस्वीकृत', 'त्रुटि: फ़ाइल नहीं मिली'),
    Alarm('Persian', 'خطا ناموفق', 'خطا: اتصال برقرار نشد'),
)  # fmt: skip
"""By parts of words, in texts that are not plain ASCII."""
