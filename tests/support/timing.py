"""How long a reader waits: from a change of a filter to the last chart that is drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

from browser import PATIENCE, Visit

# Notes when anything of the page was last drawn, and when the reader last changed something.
WATCH = """() => {
  window.drawn = 0
  new MutationObserver(changes => {
    const places = changes.map(each => each.target.closest ? each.target : each.target.parentElement)
    if (places.some(each => each && each.closest('[data-testid=stMain]')))
      window.drawn = performance.now()
  }).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true})
  document.addEventListener('click', () => { window.changed = performance.now() }, true)
}"""
# At rest: the script has run, and for a quarter of a second nothing was drawn.
AT_REST = """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
  && window.drawn > window.changed && performance.now() - window.drawn > 250"""


@dataclass(frozen=True)
class Waits:
    """Milliseconds from each change to the last thing drawn."""

    all: list[float]

    def at(self, share: float) -> float:
        """The wait that so large a share stays within."""
        ordered = sorted(self.all)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def filter_changes(seen: Visit, count: int) -> Waits:
    """Change the users that a page is about, again and again, each time to others than before.

    Most changes are answered from what was counted before; the first three are not.
    """
    seen.page.evaluate(WATCH)
    sidebar = seen.page.get_by_test_id("stSidebarUserContent")
    waits = []
    for number in range(count):
        name = ("new", "existing", "all")[number % 3]
        sidebar.get_by_role("radiogroup", name="Users").get_by_text(name, exact=True).click()
        seen.page.wait_for_function(AT_REST, timeout=PATIENCE)
        waits.append(seen.page.evaluate("window.drawn - window.changed"))
    return Waits(waits)
