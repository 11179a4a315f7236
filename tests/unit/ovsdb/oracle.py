#!/usr/bin/python3
"""The oracle of oracle_test.cpp: another OVSDB client (python3-openvswitch) on the same database.

Commands, one a line on stdin, each answered by one line on stdout:
    dump MARK           waits until Everything named "mark" has number MARK, then prints all rows as JSON
    change SEED MARK    makes a random transaction that also sets the mark, waits until it is committed, prints "done"
"""
import json
import random
import sys
import uuid

import ovs.db.idl
import ovs.poller


def main():
    remote, schema = sys.argv[1:]
    helper = ovs.db.idl.SchemaHelper(schema)
    helper.register_all()
    idl = ovs.db.idl.Idl(remote, helper)
    idl._session.reconnect.set_backoff(10, 50)
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "change":
            change(idl, random.Random(int(arguments[0])), int(arguments[1]))
            print("done", flush=True)
        else:
            wait_until(idl, lambda: mark(idl) == int(arguments[0]))
            print(json.dumps(dump(idl)), flush=True)


def wait_until(idl, done):
    while True:
        idl.run()
        if done():
            return
        poller = ovs.poller.Poller()
        idl.wait(poller)
        poller.timer_wait(20)
        poller.block()


def mark(idl):
    return next((row.number for row in idl.tables["Everything"].rows.values() if row.name == "mark"), None)


def dump(idl):
    return {name: {str(row.uuid): {column: row._data[column].to_json() for column in table.columns
                                   if not row._data[column].is_default()}
                   for row in table.rows.values()}
            for name, table in idl.tables.items() if table.rows}


def change(idl, dice, number):
    """Tried again, with the same dice, until it is in: a server that was killed may or may not have done it before."""
    state = dice.getstate()
    while mark(idl) != number:
        dice.setstate(state)
        wait_until(idl, lambda: idl.has_ever_connected() and mark(idl) is not None)
        transaction = ovs.db.idl.Transaction(idl)
        for _ in range(dice.randint(1, 6)):
            mutate(idl, transaction, dice)
        next(row for row in idl.tables["Everything"].rows.values() if row.name == "mark").number = number
        transaction.commit_block()
        wait_until(idl, lambda: True)


def mutate(idl, transaction, dice):
    rows = sorted((row for row in idl.tables["Everything"].rows.values() if row.name != "mark"), key=lambda row: row.uuid)
    kind = dice.random()
    if not rows or kind < 0.3:
        row = transaction.insert(idl.tables["Everything"])
        row.name = str(uuid.uuid4())
    else:
        row = dice.choice(rows)
        if kind < 0.4:
            row.delete()
            return
    for column in dice.sample(sorted(VALUES), dice.randint(0, 5)):
        setattr(row, column, VALUES[column](dice))
    if dice.random() < 0.2 and rows:
        row.peer = dice.choice(rows)
    if dice.random() < 0.3:
        child = transaction.insert(idl.tables["Child"])
        child.kind = dice.choice(["small", "large"])
        row.children = [child]


def number(dice):
    return dice.choice([0, 1, -1, 2**63 - 1, -2**63, dice.randint(-9, 9)])


def text(dice):
    return dice.choice(["", "a", "b\"\\", "\u00e9\n", "[\"set\",[]]", str(dice.random())])


def some(value, dice, most=4):
    return [value(dice) for _ in range(dice.randint(0, most))]


VALUES = {
    "number": number,
    "ratio": lambda dice: dice.choice([0.0, 0.5, -1e300, dice.random()]),
    "flag": lambda dice: dice.random() < 0.5,
    "other": lambda dice: uuid.UUID(int=dice.getrandbits(128)),
    "maybe_number": lambda dice: some(number, dice, 1),
    "maybe_text": lambda dice: some(text, dice, 1),
    "numbers": lambda dice: some(number, dice),
    "texts": lambda dice: some(text, dice),
    "ratios": lambda dice: some(lambda dice: dice.randint(-3, 3) / 4, dice),
    "text_of_text": lambda dice: {text(dice): text(dice) for _ in range(dice.randint(0, 4))},
    "number_of_text": lambda dice: {text(dice): number(dice) for _ in range(dice.randint(0, 4))},
    "text_of_number": lambda dice: {number(dice): text(dice) for _ in range(dice.randint(0, 4))},
}

main()
