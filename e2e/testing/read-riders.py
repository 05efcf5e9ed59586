"""Reads riders one after the other and prints each status, with the standard library only."""

import itertools
import os
import time
import urllib.error
import urllib.request

door = os.environ["DOOR"]
headers = {"Authorization": "Bearer " + os.environ["TOKEN"], "Prefer": "wait=30"}

for rider in itertools.cycle(os.environ["IDS"].split(",")):
    request = urllib.request.Request(f"{door}/{rider}", headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            answer.read()
            print(answer.status, flush=True)
    except urllib.error.HTTPError as error:
        print(error.code, flush=True)
        time.sleep(float(error.headers.get("Retry-After", 0)))
