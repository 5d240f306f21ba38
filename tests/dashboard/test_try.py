import os, time, pathlib, pytest, collections
from browser import Visit, launched, serving


def tree():
    kids = {}
    for p in pathlib.Path("/proc").iterdir():
        if p.name.isdigit():
            try:
                f = (p / "stat").read_text().rsplit(")", 1)[1].split()
                c = (p / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            import re

            m = re.search(r"--type=(\S+)", c)
            n = (
                ("chrom-" + (m[1] if m else "main"))
                if "chrom" in c
                else ("streamlit" if "streamlit run" in c else "node" if "node" in c else c[:20])
            )
            kids.setdefault(int(f[1]), []).append((int(p.name), sum(map(int, f[11:13])), n))
    tot = collections.Counter()
    todo = [os.getpid()]
    tot["pytest"] = int(time.process_time() * 100)
    while todo:
        for c, t, n in kids.get(todo.pop(), []):
            tot[n] += t
            todo.append(c)
    return tot


MODES = {
    "plain": ((), {}),
    "reduced": ((), {"reduced_motion": "reduce"}),
    "prefers": (("--force-prefers-reduced-motion",), {}),
    "lowfps": (("--disable-threaded-animation", "--disable-checker-imaging"), {}),
    "nosw": (("--disable-software-rasterizer",), {}),
    "raster1": (("--num-raster-threads=1", "--disable-threaded-compositing"), {}),
}


def test_ctx(demo_home, tmp_path, driver):
    with serving(tmp_path, KPI_HOME=str(demo_home)) as server:
        for mode, (flags, opts) in MODES.items():
            with launched(driver, *flags) as b:
                ctx = b.new_context(viewport={"width": 1400, "height": 1000}, **opts)
                for i in range(3):
                    t = tree()
                    w = time.time()
                    v = Visit(ctx.new_page())
                    v.page.goto(server + "/?period=all")
                    v.settle()
                    d = tree()
                    d.subtract(t)
                    print(
                        "\n",
                        mode,
                        i,
                        "wall",
                        round(time.time() - w, 2),
                        sum(d.values()),
                        {k: x for k, x in d.items() if x > 4},
                        flush=True,
                    )
                    v.page.close()
