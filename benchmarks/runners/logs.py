"""Logs of twenty families, as their programs write them, with one alarm at a random place."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

LINES = 400
MONTHS = ('Jan', 'Feb', 'Mar')


class Written(NamedTuple):
    """A log: its family, its text, what of its alarm has to be kept, the command that prints it."""

    family: str
    text: str
    alarm: str
    command: str


class Family(NamedTuple):
    """A family of logs: the command that prints them, a line of each kind by number, and alarms."""

    name: str
    command: str
    line: Callable[[int, random.Random], str]
    alarm: Callable[[int, random.Random], tuple[str, str]]
    """(the lines, what of them has to be kept)."""


def clock(i: int) -> str:
    """The time of line i: one every two seconds or so."""
    return f'{10 + i // 1800:02}:{i // 30 % 60:02}:{i * 2 % 60:02}'


def date(i: int) -> str:
    """Its date and time."""
    return f'2026-01-02 {clock(i)}'


WORDS = (
    *('served order', 'cache refreshed for customer', 'moved crate', 'user logged in', 'index updated for row'),
    *('job finished', 'heartbeat from dock', 'payment accepted for order', 'session opened for user', 'page rendered'),
)


def said(i: int, rng: random.Random) -> str:
    """What a line says where nothing is wrong."""
    return f'{rng.choice(WORDS)} {rng.randrange(10_000)} in {rng.randrange(90)} ms'


def told(prefix: Callable[[int, str], str], alarms: tuple[str, ...]) -> Callable[[int, random.Random], tuple[str, str]]:
    """An alarm behind the prefix of its family."""

    def alarm(i: int, rng: random.Random) -> tuple[str, str]:
        words = rng.choice(alarms)
        return prefix(i, words), words

    return alarm


def _family(
    name: str,
    command: str,
    usual: Callable[[int, str], str],
    grave: Callable[[int, str], str],
    alarms: tuple[str, ...],
) -> Family:
    return Family(name, command, lambda i, rng: usual(i, said(i, rng)), told(grave, alarms))


def access(i: int, rng: random.Random, status: int, path: str) -> str:
    """A line of an access log."""
    return (
        f'10.0.0.{rng.randrange(250)} - - [02/Jan/2026:{clock(i)} +0000] "GET {path} HTTP/1.1" {status} '
        f'{rng.randrange(9_000)} "-" "Mozilla/5.0"'
    )


FAMILIES: tuple[Family, ...] = (
    _family(
        'syslog', 'cat /var/log/syslog',
        lambda i, s: f'Jan  2 {clock(i)} web1 shop[4412]: {s}',
        lambda i, s: f'Jan  2 {clock(i)} web1 shop[4412]: {s}',
        ('ledger write failed: disk full', 'connection to db-2 refused', 'worker 7 killed by signal 9'),
    ),
    _family(
        'journald', 'journalctl -u shop -o short-iso',
        lambda i, s: f'2026-01-02T{clock(i)}+0000 web1 shop[4412]: {s}',
        lambda i, s: f'2026-01-02T{clock(i)}+0000 web1 shop[4412]: {s}',
        ('cannot open /var/lib/shop/ledger.db: Permission denied', 'assertion failed: total >= 0'),
    ),
    Family(
        'nginx', 'tail -n 500 /var/log/nginx/access.log',
        lambda i, rng: access(i, rng, 200, f'/orders/{rng.randrange(900)}'),
        lambda i, rng: ((line := access(i, rng, 502, '/pay/17')), line[line.index('"GET') : line.index('502') + 3]),
    ),
    _family(
        'Apache', 'cat /var/log/apache2/error.log',
        lambda i, s: f'[Fri Jan 02 {clock(i)}.123456 2026] [core:notice] [pid 4412:tid 88] {s}',
        lambda i, s: f'[Fri Jan 02 {clock(i)}.123456 2026] [proxy:error] [pid 4412:tid 88] {s}',
        ('AH00957: HTTP: attempt to connect to 127.0.0.1:8080 failed', 'AH01114: gone away'),
    ),
    _family(
        'PostgreSQL', 'cat postgresql.log',
        lambda i, s: f'{date(i)}.123 UTC [4412] LOG:  {s}',
        lambda i, s: f'{date(i)}.123 UTC [4412] ERROR:  {s}',
        ('deadlock detected', 'duplicate key value violates unique constraint "orders_pkey"', 'relation "carts" is gone'),
    ),
    _family(
        'MySQL', 'cat /var/log/mysql/error.log',
        lambda i, s: f'2026-01-02T{clock(i)}.123456Z {i} [Note] [MY-010747] [Server] {s}',
        lambda i, s: f'2026-01-02T{clock(i)}.123456Z {i} [ERROR] [MY-012592] [InnoDB] {s}',
        ('Operating system error number 28 in a file operation', 'Table shop/orders is full'),
    ),
    _family(
        'Celery', 'docker logs worker',
        lambda i, s: f'[{date(i)},123: INFO/ForkPoolWorker-1] Task shop.tasks.bill[{i:08x}] succeeded: {s}',
        lambda i, s: f'[{date(i)},123: ERROR/ForkPoolWorker-1] Task shop.tasks.bill[{i:08x}] raised unexpected: {s}',
        ("KeyError('price')", "OperationalError('server closed the connection')"),
    ),
    Family(
        'uvicorn', './serve.sh',
        lambda i, rng: f'INFO:     127.0.0.1:{rng.randrange(60_000)} - "GET /orders/{rng.randrange(900)} HTTP/1.1" 200 OK',
        lambda i, rng: ('ERROR:    Exception in ASGI application\nTraceback (most recent call last):\n'
                        '  File "/app/shop/api.py", line 88, in pay\n    return ledger[order]\nKeyError: \'order-17\'',
                        "KeyError: 'order-17'"),
    ),
    Family(
        'Java', 'cat shop.log',
        lambda i, rng: f'{clock(i)}.123 [http-nio-{rng.randrange(9)}] INFO  com.acme.Shop - {said(i, rng)}',
        lambda i, rng: (f'{clock(i)}.123 [http-nio-3] ERROR com.acme.Ledger - posting failed\n'
                        'java.lang.IllegalStateException: ledger out of balance by 13\n'
                        '\tat com.acme.Ledger.post(Ledger.java:88)\n\tat com.acme.Shop.pay(Shop.java:12)',
                        'ledger out of balance by 13'),
    ),
    _family(
        'glog', 'kubectl logs store-0',
        lambda i, s: f'I0102 {clock(i)}.123456    4412 store.cc:{i % 90}] {s}',
        lambda i, s: f'E0102 {clock(i)}.123456    4412 store.cc:88] {s}',
        ('write barrier lost', 'checksum of block 12 differs'),
    ),
    _family(
        'zap', 'kubectl logs api-0',
        lambda i, s: f'{{"level":"info","ts":{1767348000 + i}.12,"caller":"shop/api.go:{i % 90}","msg":"{s}"}}',
        lambda i, s: f'{{"level":"error","ts":{1767348000 + i}.12,"caller":"shop/api.go:88","msg":"{s}"}}',
        ('ledger gone', 'posting order 17: context deadline exceeded'),
    ),
    _family(
        '.NET', 'dotnet run',
        lambda i, s: f'info: Shop.Orders[{i % 9}]\n      {s}',
        lambda i, s: f'fail: Shop.Ledger[0]\n      {s}',
        ('Ledger stopped at row 17', 'Posting of order 17 took no effect'),
    ),
    _family(
        'Android', 'adb logcat -d',
        lambda i, s: f'01-02 {clock(i)}.123  1234  {1250 + i % 9} I OrderStore: {s}',
        lambda i, s: f'01-02 {clock(i)}.123  1234  1250 E LedgerStore: {s}',
        ('barrier gone', 'row 17 has two owners'),
    ),
    _family(
        'Kubernetes', 'kubectl get events',
        lambda i, s: f'{i % 59}m         Normal    Scheduled   pod/shop-{i:04}   Assigned: {s}',
        lambda i, s: f'{i % 59}m         Warning   BackOff     pod/shop-0777   {s}',
        ('Back-off restarting failed container ledger', 'Back-off pulling image "shop:9"'),
    ),
    _family(
        'docker compose', 'docker compose logs',
        lambda i, s: f'{("web-1", "api-1", "db-1")[i % 3]}     | 2026-01-02T{clock(i)}Z {s}',
        lambda i, s: f'db-1      | 2026-01-02T{clock(i)}Z {s}',
        ('FATAL:  password authentication failed for user "shop"', 'could not resize shared memory segment'),
    ),
    Family(
        'Terraform', 'terraform apply -auto-approve',
        lambda i, rng: f'aws_instance.web[{i}]: {rng.choice(("Creating...", "Still creating... [10s elapsed]", "Creation complete after 12s"))}',
        lambda i, rng: ('╷\n│ Error: creating EC2 Instance: VcpuLimitExceeded: more vCPU capacity than your limit of 32\n│ \n'
                        '│   with aws_instance.web[17],\n╵', 'VcpuLimitExceeded'),
    ),
    Family(
        'Ansible', 'ansible-playbook site.yml',
        lambda i, rng: f'TASK [copy file {i}] *****' if i % 5 == 0 else f'ok: [web{rng.randrange(40)}]',
        lambda i, rng: ('fatal: [web3]: FAILED! => {"changed": false, "msg": "no space for /srv/shop"}', 'no space for /srv/shop'),
    ),
    _family(
        'Windows events', 'Get-WinEvent -LogName System',
        lambda i, s: f'1/2/2026 {clock(i)} AM   7036 Information      The Shop service: {s}',
        lambda i, s: f'1/2/2026 {clock(i)} AM   7031 Error            {s}',
        ('The Ledger service stopped. It has done this 3 times', 'The Ledger service hung on starting'),
    ),
    _family(
        'CloudWatch', 'aws logs tail /aws/lambda/shop',
        lambda i, s: f'2026-01-02T{clock(i)}.123Z\t6f7c2b1e-1111-2222-3333-{i:012x}\tINFO\t{s}',
        lambda i, s: f'2026-01-02T{clock(i)}.123Z\t6f7c2b1e-1111-2222-3333-{i:012x}\tERROR\t{s}',
        ('Invoke Error {"errorType":"KeyError","errorMessage":"price"}', 'Task timed out after 30.03 seconds'),
    ),
    Family(
        'dmesg and systemd', 'dmesg',
        lambda i, rng: f'[{i * 1.7:12.6f}] usb {rng.randrange(4)}-{rng.randrange(9)}: new device number {rng.randrange(99)}',
        lambda i, rng: ((line := rng.choice((f'[{i * 1.7:12.6f}] Out of memory: Killed process 4412 (shop) total-vm:81234kB',
                                    f'[{i * 1.7:12.6f}] systemd[1]: shop.service: Failed with result \'exit-code\'.'))),
                        line.split('] ', 1)[1]),
    ),
)  # fmt: skip


def written(seed: int = 0, each: int = 2) -> list[Written]:
    """`each` logs of each family; the same for the same seed."""
    rng = random.Random(seed)
    logs: list[Written] = []
    for family in FAMILIES:
        for _ in range(each):
            lines = [family.line(i, rng) for i in range(LINES)]
            place = rng.randrange(LINES)
            alarm, kept = family.alarm(place, rng)
            lines.insert(place, alarm)
            logs.append(Written(family.name, '\n'.join(lines), kept, family.command))
    return logs
