"""The player in a real browser: pages opened from disk, and the widget's module."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

import tapeviz as tf
from tapeviz import play
from tapeviz.render.film import player as html
from tapeviz.render.film.backward import backward_film
from tapeviz.render.film.svg import animate
from tapeviz.render.svg import theme as themes
from tapeviz.trace.film import Film
from tapeviz.trace.markup import parse
from tests import samples
from tests.browser.conftest import Opener, Player
from tests.render.film.test_backward import hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def film() -> Film:
    return backward_film(samples.backward_102())


@pytest.fixture
def player(open_page: Opener, tmp_path: Path, film: Film) -> Player:
    page = open_page.content(html.page(film), tmp_path, reduced_motion=True)
    return Player(page.locator(".tapeviz-film"))


def caption(player: Player) -> str:
    return player.root.locator(".tv-caption").inner_text()


def lit(player: Player) -> list[str]:
    return player.root.locator("mark").all_inner_texts()


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_from_disk_plays(
    open_page: Opener, tmp_path: Path, film: Film, width: int, theme: Any
) -> None:
    page = open_page.content(html.page(film), tmp_path, width=width, theme=theme)
    Player(page.locator(".tapeviz-film")).check()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, "the page scrolls sideways"


def test_a_shadow_says_that_there_is_more_to_the_side(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    page = open_page.content(html.page(film), tmp_path, width=400)
    screen = page.locator(".tv-screen")

    def edges() -> list[bool]:
        """Whether the left and the right edge are darker than the paper."""
        box = screen.bounding_box()
        assert box is not None
        image = Image.open(io.BytesIO(screen.screenshot())).convert("L")
        last = int(box["width"]) - 1
        return [image.crop((x, 8, x + 1, 9)).tobytes()[0] < 240 for x in (0, last)]

    screen.evaluate("el => el.scrollTo(0, 0)")
    assert edges() == [False, True]
    screen.evaluate("el => el.scrollTo(9999, 0)")
    assert edges() == [True, False]
    page.set_viewport_size({"width": 1280, "height": 900})
    assert edges() == [False, False]


def test_every_step_shows_its_frame(player: Player, film: Film) -> None:
    player.press("Home")
    for step, frame in enumerate(film.frames):
        assert player.position == (step, len(film.frames) - 1)
        assert caption(player) == frame.caption
        assert player.root.locator(".tv-equation").inner_text() == frame.formula
        assert lit(player) == [span.text for span in frame.spans]
        marks = player.root.evaluate(_MARKS)
        assert marks == film.state(step)
        row = player.root.locator("tr[aria-current]").count()
        assert row == (frame.row >= 0)
        player.press("ArrowRight")


_MARKS = """root => {
  const marks = {};
  for (const el of root.querySelectorAll('.tv-screen [id]'))
    for (const mark of ['on', 'hot', 'done', 'dim', 'off'])
      if (el.classList.contains("tv-" + mark)) marks[el.id] = mark;
  return marks;
}"""


def test_going_back_is_the_way_there(player: Player) -> None:
    player.press("Home")
    seen = []
    while player.position[0] < player.position[1]:
        seen.append(player.state)
        player.press("ArrowRight")
    for state in reversed(seen):
        player.press("ArrowLeft")
        assert player.state == state
    player.press("End", "Home")
    assert player.state == seen[0]


def test_a_click_on_a_box_tells_of_it_and_the_film_stays(player: Player) -> None:
    svg = player.root.locator(".tv-screen > svg")
    shown = player.root.locator(".tv-told")
    last = player.press("End")
    svg.locator("#n0 .tv-frame").click()
    assert shown.inner_text().startswith("x = 3.0")
    assert shown.inner_text().endswith("gradient 2 + 6 = 8")
    svg.locator("#n0-g2 text").click()
    assert shown.inner_text().startswith("x = 3.0")
    svg.locator("#e3 .tv-wire").dispatch_event("click")
    assert "operand" in shown.inner_text()
    assert player.position == last
    player.press("Home")
    assert not shown.inner_text(), "it was about another step"
    svg.locator("#n0 .tv-frame").click()
    assert "used 2 times" in shown.inner_text()
    assert "gradient 2" not in shown.inner_text(), "it has not come yet"


def test_a_click_on_a_row_goes_to_its_step(player: Player, film: Film) -> None:
    player.root.locator("summary").click()
    player.root.locator("tbody tr").last.locator("td").first.click()
    assert player.position[0] == int(film.table.rows[-1][0])
    player.root.get_by_label("Go to step 8").press("Enter")
    assert player.position[0] == 8


@pytest.mark.parametrize("part", [".tv-screen", ".tv-code"])
def test_after_a_click_on_it_the_keys_move_it(player: Player, part: str) -> None:
    player.press("Home")
    player.root.evaluate("() => document.activeElement.blur()")
    player.root.locator(part).click(position={"x": 5, "y": 5})
    player.root.page.keyboard.press("ArrowRight")
    assert player.position[0] == 1


def test_the_buttons_and_the_scrubber_move_it(player: Player) -> None:
    root = player.root
    for label, step in [
        ("Forward", 1),
        ("Last step", 20),
        ("Back", 19),
        ("First step", 0),
    ]:
        root.get_by_role("button", name=label).click()
        assert player.position[0] == step
    root.get_by_label("Step of the film").fill("12")
    assert player.position[0] == 12
    assert root.evaluate("el => el.contains(document.activeElement)")
    root.get_by_role("button", name="Play").click()
    root.page.keyboard.press("Space")
    root.get_by_role("button", name="Play").wait_for()


def test_no_key_leaves_the_player_and_all_say_so(player: Player) -> None:
    page = player.root.page
    page.evaluate("""() => {
      window.heard = [];
      for (const type of ['keydown', 'keyup', 'keypress'])
        document.addEventListener(type, event => heard.push(event.key));
    }""")
    player.press("ArrowRight", "b", "Space", "Space", "Enter", "Escape", "x")
    assert page.evaluate("window.heard") == []
    bare = player.root.evaluate("""root => [root, ...root.querySelectorAll(
      'button,input,select,summary,[tabindex]')].filter(
      el => el.dataset.lmSuppressShortcuts !== 'true').length""")
    assert bare == 0


def test_the_keyboard_alone_reaches_everything(player: Player) -> None:
    page = player.root.page
    player.root.focus()
    names = []
    for _ in range(16):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("""() => {
          const el = document.activeElement;
          return el.getAttribute('aria-label') || el.textContent;
        }""")
        )
    assert names[:13] == [
        "Code", "Picture", "Step of the film", "First step", "Back", "Play", "Forward",
        "Last step", "Predict before you see (p)", "Speed", "Full screen (f)",
        "Keys (?)", "All steps as a table",
    ]  # fmt: skip


def test_each_step_is_spoken_in_one_sentence(player: Player, film: Film) -> None:
    live = player.root.locator("[aria-live=polite]")
    player.press("End")
    assert live.inner_text() == film.frames[-1].caption
    said = player.root.get_by_label("Step of the film").get_attribute("aria-valuetext")
    assert said == "20 of 20, backward", "the caption is spoken once"


def test_what_plays_is_not_spoken_and_where_it_stops_is(player: Player) -> None:
    caption = player.root.locator(".tv-caption")
    player.press("Home", "5", "Space")
    player.wait_past(0)
    assert caption.get_attribute("aria-live") == "off"
    caption.evaluate(
        "p => new MutationObserver(() => p.told = [p.ariaLive, p.textContent])"
        ".observe(p, {childList: true})"
    )
    player.press("Space")
    assert caption.evaluate("p => p.told") == ["polite", caption.inner_text()]


@pytest.fixture
def moving(open_page: Opener, tmp_path: Path, film: Film) -> Player:
    page = open_page.content(html.page(film), tmp_path, reduced_motion=False)
    return Player(page.locator(".tapeviz-film"))


@pytest.mark.parametrize("motion", [True, False])
def test_play_shows_the_whole_film_in_some_seconds(
    open_page: Opener, tmp_path: Path, film: Film, *, motion: bool
) -> None:
    page = open_page.content(html.page(film), tmp_path, reduced_motion=not motion)
    player = Player(page.locator(".tapeviz-film"))
    took = player.root.evaluate(_PLAYED)
    assert 5 < took["seconds"] < 9
    assert took["step"] == len(film.frames) - 1
    assert player.root.locator(".tv-caption").inner_text() == film.frames[-1].caption


_PLAYED = """async (root) => {
  const button = root.querySelector(".tv-play");
  const began = performance.now();
  button.click();
  const frame = () => new Promise(requestAnimationFrame);
  while (button.getAttribute("aria-label") === "Pause") await frame();
  const step = +root.querySelector("input[type=range]").value;
  return { seconds: (performance.now() - began) / 1000, step };
}"""


def test_while_it_plays_the_gradient_travels_and_the_sum_grows_when_it_is_there(
    moving: Player, film: Film
) -> None:
    step = next(
        i for i, f in enumerate(film.frames)
        if any(id.endswith("-c") and mark == "hot" for id, mark in f.marks.items())
        and any(id.endswith("-g2") for id in f.marks)
    )  # fmt: skip
    seen = moving.root.evaluate(_TRAVELLED, [step, next(
        id for id in film.frames[step].marks if id.endswith("-g2"))])  # fmt: skip
    places = [at["far"] for at in seen]
    assert len(places) >= 2
    assert places == sorted(places), "from the arrow's head to where it begins"
    assert places[0] < -5
    assert seen[0]["sum"] < 0.5
    moving.root.page.wait_for_timeout(600)
    assert moving.root.locator(".tv-pulse").count() == 0
    moving.press("ArrowLeft", "ArrowRight")
    assert moving.root.locator(".tv-pulse").count() == 0, "by hand nothing moves"


_TRAVELLED = """async (root, [step, sum]) => {
  const range = root.querySelector("input[type=range]");
  range.value = step - 1;
  range.dispatchEvent(new Event("input"));
  root.querySelector(".tv-play").click();
  const frame = () => new Promise(requestAnimationFrame);
  while (+range.value < step) await frame();
  root.querySelector(".tv-play").click();
  const found = [];
  for (let dot; (dot = root.querySelector(".tv-pulse")); await frame()) {
    const far = parseFloat(getComputedStyle(dot).strokeDashoffset);
    const el = root.querySelector(`[id="${sum}"]`);
    found.push({ far, sum: +getComputedStyle(el).opacity });
  }
  return found;
}"""


def test_a_listener_hears_no_value_before_its_step(player: Player) -> None:
    """The drawn picture holds every number of the film, the hidden ones too."""
    player.press("Home")
    picture = player.root.get_by_role("group", name="Picture")
    payload = picture.aria_snapshot()
    assert "4 operations" in payload
    assert "16" not in payload
    assert "not yet" not in payload


def test_on_paper_the_whole_picture_is_there(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    """A sheet does not scroll."""
    page = tmp_path / "film.html"
    page.write_text(html.page(film), encoding="utf-8")
    screens = open_page(page, width=400, media="print").locator(".tv-leaf .tv-screen")
    assert screens.count() == 4
    for screen in screens.all():
        assert screen.evaluate("box => box.scrollWidth <= box.clientWidth")


def test_two_copies_on_a_page_are_two_players(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    one = html.notebook(film)
    page = open_page.content(
        f"<!doctype html><body>{one}{one}", tmp_path, reduced_motion=True
    )
    films = page.locator(".tapeviz-film")
    assert films.count() == 2
    first, second = Player(films.nth(0)), Player(films.nth(1))
    rest = second.state
    first.press("End")
    assert second.state == rest
    assert second.press("End")[0] == 20
    assert second.state == first.state


def test_hostile_text_is_shown_and_never_run(open_page: Opener, tmp_path: Path) -> None:
    film = backward_film(hostile())
    page = open_page.content(html.page(film), tmp_path, reduced_motion=True, width=400)
    player = Player(page.locator(".tapeviz-film"))
    player.press("End")
    code = player.root.locator(".tv-line code")
    assert code.nth(0).inner_text() == film.sources[0].lines[0]
    assert len(code.nth(1).inner_text()) == 10_000
    assert page.locator("img, .tapeviz-film script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_a_picture_that_would_run_something_does_not(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    trap = (
        '<image href="https://example.org/x.png" onerror="bad=1"/>'
        '<script>bad=2</script><a href="javascript:bad=3">'
        '<rect onclick="bad=4" width="9" height="9"/></a></svg>'
    )
    bad = replace(film, picture=parse(film.svg.replace("</svg>", trap)))
    payload = json.dumps({**html.payload(bad), "svg": bad.svg}).replace("<", "\\u003c")
    page = open_page.content(
        "<!doctype html><div id=here></div><script>" + html.script()
        + f"start(document.querySelector('#here'),{payload})</script>",
        tmp_path,
    )  # fmt: skip
    player = Player(page.locator(".tapeviz-film"))
    player.press("End")
    assert page.evaluate("typeof bad") == "undefined"
    assert player.root.locator("svg script").count() == 0
    assert player.root.locator("svg [onclick], svg [onerror], svg [href]").count() == 0


def test_without_scripts_the_picture_plays(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    page = open_page.content(html.page(film), tmp_path, scripts=False)
    image = page.locator("img")
    seen = set()
    for _ in range(6):
        page.wait_for_timeout(500)
        seen.add(image.screenshot())
    assert len(seen) > 1


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
@pytest.mark.parametrize("system", ["light", "dark"])
def test_what_the_browser_draws_has_the_colours_of_the_film(
    open_page: Opener, tmp_path: Path, system: Any, theme: str
) -> None:
    """Scroll bars and lists: some browsers draw a white list for a dark film."""
    page = tmp_path / "film.html"
    film = backward_film(samples.backward_102(), theme=theme)
    page.write_text(html.page(film), encoding="utf-8")
    seen = open_page(page, theme=system).get_by_label("Speed")
    wanted = system if theme == "auto" else theme
    assert seen.evaluate("list => getComputedStyle(list).colorScheme") == wanted


def test_a_long_walk_is_written_in_the_address_when_it_rests(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    """Safari fails after a hundred changes of the address in half a minute."""
    path = tmp_path / "film.html"
    path.write_text(html.page(film), encoding="utf-8")
    page = open_page(path)
    page.evaluate(
        "() => { const old = history.replaceState; window.changes = 0;"
        "history.replaceState = (...a) => (changes++, old.apply(history, a)); }"
    )
    Player(page.locator(".tapeviz-film")).press("End", *["ArrowLeft"] * 12)
    page.wait_for_url("**#step=8")
    assert page.evaluate("changes") < 7


def test_with_less_motion_nothing_moves(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    file = tmp_path / "film.svg"
    file.write_text(animate(film).write())
    count = "document.getAnimations().length"
    assert open_page(file).evaluate(count) > 30
    assert open_page(file, reduced_motion=True).evaluate(count) == 0
    page = open_page.content(html.page(film), tmp_path, reduced_motion=True)
    player = Player(page.locator(".tapeviz-film"))
    player.press(*["ArrowRight"] * 8)
    assert player.root.evaluate("el => el.getAnimations({ subtree: true }).length") == 0
    player.press("Home", "5", "Space")
    player.wait_past(len(film.frames) // 2)
    assert player.root.evaluate("el => el.getAnimations({ subtree: true }).length") == 0


@pytest.mark.alone
def test_a_step_is_quick_on_a_large_film(open_page: Opener, tmp_path: Path) -> None:
    marks = [(f"g{i}", "hot") for i in range(300)]
    groups = "".join(
        f'<g id="g{i}"><rect width="9" height="9"/></g>' for i in range(300)
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{groups}</svg>'
    one = samples.backward_102()
    frame = backward_film(one).frames[0]
    frames = [type(frame)("Start.", {})]
    frames += [
        type(frame)(f"Step {i}.", {id: mark, f"g{i - 1}": "done"} if i else {id: mark})
        for i, (id, mark) in enumerate(marks)
    ]
    film = Film(
        "t", "a", parse(svg), tuple(frames), (), type(backward_film(one).table)((), ())
    )
    page = open_page.content(html.page(film), tmp_path)
    took = page.evaluate("""() => {
      const range = document.querySelector('input[type=range]');
      const begin = performance.now();
      for (let i = 1; i <= 300; i++) {
        range.value = i;
        range.dispatchEvent(new Event('input'));
        range.getBoundingClientRect();
      }
      return (performance.now() - begin) / 300;
    }""")
    assert took < 16


WIDGET = """
const [code, told] = %s;
const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
const player = (await import(url)).default;
const heard = {};
const state = { film: told, step: 2, playing: false, speed: 4, predict: false,
  answers: {} };
window.model = {
  saved: 0,
  get: key => state[key],
  set: (key, value) => { if (state[key] !== value) {
    state[key] = value;
    for (const hear of [...(heard['change:' + key] ?? [])]) hear(); } },
  save_changes: () => { model.saved++; },
  on: (names, hear) => { for (const n of names.split(' '))
    (heard[n] ??= []).push(hear); },
  off: (names, hear) => { for (const n of names.split(' '))
    heard[n] = heard[n].filter(one => one !== hear); },
};
window.ears = () => Object.values(heard).flat().length;
const halt = player.initialize({ model });
const places = [...document.querySelectorAll('.view')];
const ends = places.map(el => player.render({ model, el }));
window.player_again = () => {
  const stop = player.initialize({ model });
  const end = player.render({ model, el: places[0] });
  places[0].querySelector('.tv-forward').click();
  stop(), end(), places[0].replaceChildren();
};
window.close_all = () => { halt(); ends.forEach(end => end()); };
document.body.dataset.ready = 1;
"""


@pytest.fixture
def views(open_page: Opener, tmp_path: Path, film: Film) -> tuple[Player, Player]:
    """Two views of one widget, over a stand-in for the model of a notebook."""
    payload = json.dumps({**html.payload(film), "svg": film.svg})
    return widget_page(open_page, tmp_path, payload)


def widget_page(
    open_page: Opener, tmp_path: Path, payload: str
) -> tuple[Player, Player]:
    """A page with two views of a widget."""
    both = json.dumps([html.module(), payload]).replace("<", "\\u003c")
    page = open_page.content(
        f"<!doctype html><style>{themes.css()}{html.css()}</style>"
        "<div class=view></div>"
        f"<div class=view></div><script type=module>{WIDGET % both}</script>",
        tmp_path,
    )
    page.locator("body[data-ready]").wait_for()
    films = page.locator(".tapeviz-film")
    return Player(films.nth(0)), Player(films.nth(1))


def test_the_views_of_a_widget_stay_in_step(views: tuple[Player, Player]) -> None:
    one, two = views
    page = one.root.page
    assert one.position == two.position == (2, 20)
    assert one.press("ArrowRight")[0] == 3
    assert two.state == one.state
    assert page.evaluate("[model.get('step'), model.saved]") == [3, 1]
    page.evaluate("model.set('step', 16)")
    assert one.position == two.position == (16, 20)


def test_the_views_of_a_widget_share_one_clock(views: tuple[Player, Player]) -> None:
    one, two = views
    page = one.root.page
    page.evaluate("""() => { window.steps = [];
      model.on('change:step', () => steps.push(model.get('step'))); }""")
    two.press("Space")
    page.wait_for_function("window.steps.length >= 3")
    page.evaluate("model.set('playing', false)")
    steps = page.evaluate("window.steps")
    assert steps == sorted(set(steps)), "a slow page leaves steps out"
    assert one.root.get_by_role("button", name="Play").count() == 1
    page.wait_for_timeout(1200)
    assert page.evaluate("window.steps.length") == len(steps)


def test_closing_a_widget_leaves_nothing(views: tuple[Player, Player]) -> None:
    page = views[0].root.page
    assert page.evaluate("ears()") > 0
    page.evaluate("close_all()")
    assert page.evaluate("ears()") == 0
    assert page.locator(".tv-bar").count() == 0


def test_the_views_of_a_widget_share_answers(open_page: Opener, tmp_path: Path) -> None:
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    film = play(tape, y, x).film
    payload = json.dumps({**html.payload(film), "svg": film.svg})
    one, two = widget_page(open_page, tmp_path, payload)
    page = one.root.page
    page.evaluate("model.set('predict', true)")
    one.press("End")
    box = one.root.get_by_role("textbox")
    box.fill("3")
    box.press("Enter")
    first = next(str(ask.step) for ask in film.questions if not ask.early)
    told_so = page.evaluate("model.get('answers')")
    assert told_so == {
        first: {"typed": "3", "right": True, "tries": 1, "hints": 0, "done": True}
    }
    assert two.state == one.state
    for view in (one, two):
        assert "1 right at once" in view.root.locator(".tv-score").inner_text()
    page.evaluate("model.set('answers', {})")
    assert "0 of 2" in two.root.locator(".tv-score").inner_text()


def test_opening_and_closing_hundreds_of_times_leaves_memory_flat(
    open_page: Opener, tmp_path: Path
) -> None:
    film = backward_film(samples.backward_square())
    payload = json.dumps({**html.payload(film), "svg": film.svg})
    page = widget_page(open_page, tmp_path, payload)[0].root.page
    page.evaluate("close_all()")
    session = page.context.new_cdp_session(page)

    def held() -> tuple[int, int]:
        session.send("HeapProfiler.collectGarbage")
        found = session.send("Memory.getDOMCounters")
        heap = session.send("Runtime.getHeapUsage")
        return found["nodes"], heap["usedSize"]

    # First let the browser compile most of what it will, 300 kB in all.
    page.evaluate("for (let i = 0; i < 300; i++) player_again()")
    nodes, before = held()
    page.evaluate("for (let i = 0; i < 300; i++) player_again()")
    after_nodes, after = held()
    assert page.evaluate("ears()") == 0
    assert after_nodes <= nodes + 10
    assert after - before < 300_000, "a player leaves less than a kilobyte"


def test_text_has_contrast(open_page: Opener, tmp_path: Path, film: Film) -> None:
    for theme in ("light", "dark"):
        page = open_page.content(
            html.page(film, step=16), tmp_path, theme=theme, reduced_motion=True
        )
        page.locator("summary").click()
        pairs = page.evaluate(_COLOURS)
        assert len(pairs) > 30
        for text, front, back in pairs:
            assert _contrast(front, back) >= 4.5, (theme, text, front, back)


_COLOURS = """() => [...document.querySelectorAll('.tapeviz-film *')].filter(
  el => el.getClientRects().length && !el.closest('svg')
    && [...el.childNodes].some(n => n.nodeType === 3 && n.data.trim())
).map(el => {
  let at = el, back = 'rgba(0, 0, 0, 0)';
  for (; at && back === 'rgba(0, 0, 0, 0)'; at = at.parentElement)
    back = getComputedStyle(at).backgroundColor;
  return [el.textContent, getComputedStyle(el).color, back];
})"""


def _contrast(one: str, other: str) -> float:
    low, high = sorted(_light(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _light(colour: str) -> float:
    parts = [int(n) / 255 for n in re.findall(r"\d+", colour)[:3]]
    lines = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * lines[0] + 0.7152 * lines[1] + 0.0722 * lines[2]


def test_a_finger_scrolls_the_picture_and_taps_tell_of_a_box(
    browser: Browser, tmp_path: Path, film: Film
) -> None:
    path = tmp_path / "page.html"
    path.write_text(html.page(film), encoding="utf-8")
    view: Any = {"width": 400, "height": 900}
    with browser.new_context(viewport=view, has_touch=True, is_mobile=True) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        player, screen = (
            Player(page.locator(".tapeviz-film")),
            page.locator(".tv-screen"),
        )
        for part in page.locator(".tv-bar :is(button, select), [type=range]").all():
            box = part.bounding_box()
            assert box is None or (box["height"] >= 44 and box["width"] >= 32)
        box = screen.bounding_box()
        assert box is not None
        finger, x, y = context.new_cdp_session(page), box["x"] + 300, box["y"] + 60
        for kind, to in [("Start", x), *(("Move", x - 20 * i) for i in range(1, 9))]:
            point = {"type": f"touch{kind}", "touchPoints": [{"x": to, "y": y}]}
            finger.send("Input.dispatchTouchEvent", point)
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.wait_for_function("document.querySelector('.tv-screen').scrollLeft > 60")
        assert player.position[0] == 0
        page.locator("svg .tv-node").last.tap()
        assert page.locator(".tv-told").inner_text()
        assert player.position[0] == 0


def test_a_long_film_stays_legible_on_the_projector(
    open_page: Opener, tmp_path: Path
) -> None:
    x = tf.Variable(1.1)
    with tf.GradientTape() as tape:
        y = x * 1.0
        for _ in range(6):
            y = y * 1.01 + 0.1
    path = play(tape, y, x, step=20).save(tmp_path / "film.html")
    page = open_page(path, height=720, reduced_motion=True)
    Player(page.locator(".tapeviz-film")).press("f")
    page.wait_for_selector(".tv-wide .tv-screen")
    page.wait_for_timeout(300)
    high, inside = page.evaluate("""() => {
      const node = document.querySelector(".tv-node.tv-hot").getBoundingClientRect();
      const screen = document.querySelector(".tv-screen").getBoundingClientRect();
      const text = document.querySelector(".tv-hot :is(.tv-name, .tv-val)");
      return [text.getBoundingClientRect().height,
        node.left >= screen.left && node.right <= screen.right
          && node.top >= screen.top && node.bottom <= screen.bottom];
    }""")
    assert inside
    assert high >= 15


def test_only_a_mouse_that_moves_holds_the_film(player: Player) -> None:
    """A picture that comes under a mouse that rests is nobody's wish to stop."""
    page, picture = player.root.page, player.root.locator(".tv-screen")
    pause, play = (player.root.get_by_role("button", name=n) for n in ("Pause", "Play"))
    box = picture.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate("document.body.style.paddingTop = '600px'")
    page.mouse.move(x, y)
    player.root.get_by_label("Speed").select_option("0.25")
    player.press("Home", "Space")
    page.evaluate("document.body.style.paddingTop = ''; scrollTo(0, 0)")
    page.wait_for_timeout(400)
    found = page.evaluate(f"document.elementFromPoint({x}, {y}).closest('.tv-screen')")
    assert found is not None
    assert pause.count() == 1, "the film goes on"
    page.mouse.move(x + 9, y)
    play.wait_for()
    page.mouse.move(1, 1)
    pause.wait_for()
    player.press("Space")
    play.wait_for()
    player.press("Space")
    page.mouse.move(x, y)
    play.wait_for()
    player.press("Space")
    page.mouse.move(x + 9, y)
    page.wait_for_timeout(200)
    assert pause.count() == 1, "a key decides, wherever the mouse is"
    player.press("Space")
    page.mouse.move(1, 1)
    page.wait_for_timeout(200)
    assert play.count() == 1, "what a key stopped stays"


def test_a_browser_that_prints_by_itself_has_them_too(
    open_page: Opener, tmp_path: Path, film: Film
) -> None:
    """Without a word about the medium before it prints, as in a menu's "Print"."""
    page = tmp_path / "film.html"
    page.write_text(html.page(film), encoding="utf-8")
    shown = open_page(page)
    shown.evaluate("dispatchEvent(new Event('beforeprint'))")
    leaves = shown.locator(".tv-leaf")
    assert leaves.count() == 4
    assert "x has 2 so far" in leaves.nth(1).inner_text()
    shown.evaluate("dispatchEvent(new Event('afterprint'))")
    assert leaves.count() == 0
