"""The page of an agent in a real browser: what is on it, what it does, and how it looks.

    python3 tests/clients/page.py PROGRAM FOLDER

Screenshots are kept in the folder. Without Chromium it is skipped, with a line that says so.
"""

import json
import os
import sys
import tempfile
import time
import urllib.request

from agent import Agent
from browser import Browser, program

JOB = {
    "ID": "from-json", "Name": "from-json", "Type": "service", "Datacenters": ["dc1", "dc2"],
    "Update": {"MaxParallel": 1, "MinHealthyTime": 2_000_000_000},
    "TaskGroups": [{"Name": "web", "Count": 4, "Tasks": [{
        "Name": "t", "Driver": "docker", "Config": {"image": "busybox:1"}, "Resources": {"CPU": 1500, "MemoryMB": 512},
    }]}],
}
HCL = """job "from-hcl" {
  datacenters = ["dc1", "dc2"]
  group "api" {
    count = 2
    task "t" {
      driver = "docker"
      config { image = "busybox:1" }
      resources {
        cpu    = 200
        memory = 100
      }
    }
  }
}
"""
# What the fullest tile shows, and all others: a picture of the nodes.
TILES = "[...document.querySelectorAll('#nodes canvas')].map((it) => it.toDataURL()).join()"
TEXT = "document.body.innerText"


def ask(agent, method, path, body=None, token=None):
    headers = {"X-Nomad-Token": token} if token else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request("http://127.0.0.1:%d/v1/%s" % (agent.port, path), data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as reply:
        text = reply.read()
        return json.loads(text) if text else None


def visit(browser, agent, token=None):
    browser.open("http://127.0.0.1:%d/ui" % agent.port)
    if token:
        browser.until("document.querySelector('#token') && !document.querySelector('#token').hidden", "the form for a token")
        browser.fill("#token input", token)
        browser.press("#token button")
    browser.until("document.querySelector('#state')?.textContent === 'Live.'", "the live page")


def shots(browser, folder, name):
    for width, height, dark in ((1280, 900, False), (390, 844, False), (1280, 900, True)):
        browser.size(width, height, dark)
        time.sleep(0.3)
        wide = browser.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, "%s is %d pixels too wide at %d" % (name, wide, width)
        browser.run("scrollTo(0, 0)")
        browser.shot(os.path.join(folder, "%s-%d%s.png" % (name, width, "-dark" if dark else "")), whole=not dark)
    browser.size(1280, 900)


def run(browser, text, answer):
    """A job in the form, planned and then run."""
    browser.fill("#text", text)
    browser.press("#plan")
    browser.until("document.querySelector('#answer').innerText.includes('Plan for')", "the plan")
    planned = browser.run("document.querySelector('#answer').innerText")
    assert answer in planned, planned
    browser.press("#register")
    browser.until("document.querySelector('#answer').innerText.includes('is registered')", "the registration")
    browser.until("!document.querySelector('#register').disabled", "the button")


def a_job_is_run_and_tiles_change(browser, agent, folder):
    browser.run("window.isTheSame = true")
    before = browser.run(TILES)
    run(browser, json.dumps({"Job": JOB}), "4 placed")
    browser.until("(%s) !== %s" % (TILES, json.dumps(before)), "a change of the tiles")
    browser.until("document.querySelector('#jobs').innerText.includes('from-json')", "the job in the list")
    browser.until("/running, [0-3] of 4 healthy/.test(document.querySelector('#jobs').innerText)", "the deployment under way")
    browser.until("document.querySelector('#jobs').innerText.includes('4 of 4 healthy')", "the deployment's end")
    run(browser, HCL, "2 placed")
    browser.until("document.querySelector('#jobs').innerText.includes('from-hcl')", "the job of HCL in the list")
    for text, part in (("job \"x\" {", "1,10"), ("{\"Job\": 5}", ""), ("{", ""), ("nonsense", "input.hcl:1,")):
        browser.fill("#text", text)
        browser.press("#register")
        browser.until("document.querySelector('#answer .bad')", "what is wrong with " + text)
        wrong = browser.run("document.querySelector('#answer').innerText")
        assert part in wrong, wrong
        browser.run("document.querySelector('#answer').replaceChildren()")
    assert browser.run("window.isTheSame"), "the page was loaded anew"


def a_blocked_evaluation_says_why(browser, agent, folder):
    big = json.loads(json.dumps(JOB))
    big["ID"] = big["Name"] = "too-big"
    big["TaskGroups"][0]["Tasks"][0]["Resources"] = {"CPU": 50_000, "MemoryMB": 100}
    browser.fill("#text", json.dumps(big))
    browser.press("#plan")
    browser.until("document.querySelector('#answer').innerText.includes('would find no place')", "the plan's failure")
    browser.press("#register")
    browser.until("document.querySelector('#blocked button.link')", "the blocked evaluation")
    # By the keyboard, as those do who have no mouse.
    browser.run("document.querySelector('#blocked button.link').focus()")
    browser.key("Enter", 13)
    browser.until("document.querySelector('#detail .reasons')", "the reasons")
    reasons = browser.run("document.querySelector('#detail').innerText")
    for word in ("cpu", "would help"):
        assert word in reasons.lower(), reasons
    print("a blocked evaluation says:\n    " + reasons.strip().replace("\n", "\n    "))
    shots(browser, folder, "blocked")
    assert browser.run("window.isTheSame"), "the page was loaded anew"


def texts_are_texts(browser, agent, folder):
    name = "<img src=x onerror='window.isHacked=1'>"
    node = {"ID": "0badcafe-0000-0000-0000-000000000000", "Name": name, "Datacenter": name, "NodeClass": name, "Status": "ready",
            "NodeResources": {"Cpu": {"CpuShares": 4000}, "Memory": {"MemoryMB": 8192}, "Disk": {"DiskMB": 10000}}}
    ask(agent, "PUT", "node/%s/register" % node["ID"], {"Node": node})
    browser.until("document.querySelector('#nodes').innerText.includes('onerror')", "the node of that name")
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert not browser.run("window.isHacked")
    ask(agent, "PUT", "node/%s/purge" % node["ID"])


def a_small_cluster(browser, program_path, folder):
    with Agent(program_path) as agent:
        browser.size(1280, 900)
        visit(browser, agent)
        shots(browser, folder, "empty")
        a_job_is_run_and_tiles_change(browser, agent, folder)
        shots(browser, folder, "jobs")
        a_blocked_evaluation_says_why(browser, agent, folder)
        texts_are_texts(browser, agent, folder)


def with_a_token(browser, program_path, folder):
    with tempfile.NamedTemporaryFile("w", suffix=".token") as file:
        file.write("a-secret-of-ours\n")
        file.flush()
        with Agent(program_path, ("--dev", "--token-file", file.name)) as agent:
            browser.open("http://127.0.0.1:%d/ui" % agent.port)
            browser.until("!document.querySelector('#token')?.hidden", "the form for a token")
            browser.fill("#token input", "wrong")
            browser.press("#token button")
            browser.until("/Permission denied/.test(document.querySelector('#state').textContent)", "the refusal")
            shots(browser, folder, "token")
            visit(browser, agent, "a-secret-of-ours")
            assert browser.run("document.querySelector('#token').hidden")
            run(browser, HCL, "2 placed")


def nodes(number):
    return [{
        "ID": "%08x-0000-0000-0000-000000000000" % at, "Name": "n%04d" % at, "Datacenter": "dc%d" % (1 + at % 3), "Status": "ready",
        "NodeClass": ("small", "medium", "large")[at // 3 % 3], "Attributes": {"driver.docker": "1", "kernel.name": "linux"},
        "Drivers": {"docker": {"Detected": True, "Healthy": True}},
        "NodeResources": {"Cpu": {"CpuShares": 4000 << (at // 3 % 3)}, "Memory": {"MemoryMB": 8192 << (at // 3 % 3)}, "Disk": {"DiskMB": 100_000}},
    } for at in range(number)]


def a_large_cluster(browser, program_path, folder):
    """5,000 nodes and 100,000 allocations: no frame of the page waits long."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(nodes(5_000), file)
        file.flush()
        with Agent(program_path, ("--nodes", file.name)) as agent:
            job = json.loads(json.dumps(JOB))
            job["Datacenters"] = ["dc1", "dc2", "dc3"]
            job["TaskGroups"][0]["EphemeralDisk"] = {"SizeMB": 101}
            job["TaskGroups"][0]["Tasks"][0]["Resources"] = {"CPU": 100, "MemoryMB": 100}
            for at in range(100):
                job["ID"] = job["Name"] = "many-%03d" % at
                job["TaskGroups"][0]["Count"] = 1_000
                ask(agent, "PUT", "jobs", {"Job": job})
            held = 0
            for _ in range(100):
                counts = ask(agent, "GET", "stowplan/overview")["Allocations"]
                held = sum(counts.values()) - counts.get("queued", 0)
                if held == 100_000:
                    break
                time.sleep(0.2)
            assert held == 100_000, held
            browser.open("about:blank")
            began = time.monotonic()
            visit(browser, agent)
            shown = time.monotonic() - began
            browser.run("""window.long = []; new PerformanceObserver((list) => {
                for (const it of list.getEntries()) window.long.push(Math.round(it.duration));
            }).observe({ type: 'longtask' }); 1""")
            # Something happens all the time, while somebody goes over the tiles.
            for at in range(30):
                job["ID"] = job["Name"] = "more-%d" % at
                job["TaskGroups"][0]["Count"] = 10
                ask(agent, "PUT", "jobs", {"Job": job})
                browser.ask("Input.dispatchMouseEvent", type="mouseMoved", x=100 + 10 * at, y=420)
                time.sleep(0.1)
            browser.until("document.querySelector('#jobs').innerText.includes('more-29')", "the latest job")
            long = browser.run("window.long")
            print("5,000 nodes, 100,000 allocations: shown after %.1f s, %d tasks above 50 ms, the longest %d ms" % (shown, len(long), max(long or [0])))
            shots(browser, folder, "large")


def main():
    program_path, folder = sys.argv[1:3]
    if program() is None:
        print("== skipped, since there is no Chromium: the page in a browser")
        return
    os.makedirs(folder, exist_ok=True)
    with Browser() as browser:
        a_small_cluster(browser, program_path, folder)
        with_a_token(browser, program_path, folder)
        a_large_cluster(browser, program_path, folder)
        # What was refused, and what ended with its agent, is said by the browser too.
        expected = ("403", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE_CHUNKED", "400", "ERR_EMPTY", "500")
        complaints = [it for it in browser.complaints() if not any(word in it for word in expected)]
        assert not complaints, complaints
    print("the page is as it should be; screenshots are in " + folder)


main()
