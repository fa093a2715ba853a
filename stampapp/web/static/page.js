// Show the events that the worker sends. All values are inserted as text, because names in alerts are not
// trusted.

const MOST_CARDS = 96;
const cards = new Map();
const shown = new Map();
let chosen = "";
let paused = false;
let waiting = [];

const $ = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function say(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

const kind = (label) => label.toLowerCase();
const clock = (instant) => instant.slice(11, 19);
const count = (number) => number.toLocaleString("en");

function seconds(value) {
  if (value === null) return "–";
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 120) return `${Math.round(value)} s`;
  if (value < 7200) return `${Math.round(value / 60)} min`;
  if (value < 172800) return `${Math.round(value / 3600)} h`;
  return `${count(Math.round(value / 86400))} d`;
}

function bar(name, share, number, best = false) {
  const fill = element("span", { class: "fill" });
  fill.style.width = `${(100 * share).toFixed(1)}%`;
  return element(
    "li", { "data-class": kind(name), class: best ? "best" : null },
    element("span", {}, name.replace("_", " ")),
    element("span", { class: "track", "aria-hidden": "true" }, fill),
    element("span", { class: "number" }, number),
  );
}

function bars(id, counts) {
  const total = Object.values(counts).reduce((sum, one) => sum + one, 0);
  const made = Object.entries(counts).map(([name, one]) => bar(name, total ? one / total : 0, count(one)));
  $(id).replaceChildren(...made);
}

function line(rates) {
  const peak = Math.max(...rates, 0);
  const points = rates.map((rate, minute) => `${(240 * minute / 59).toFixed(1)},${(58 - (peak ? 56 * rate / peak : 0)).toFixed(1)}`);
  const svg = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  $("rates").replaceChildren(
    svg("path", { d: `M0,60 L${points.join(" L")} L240,60 Z` }),
    svg("polyline", { points: points.join(" ") }),
  );
  say("peak", `The last 60 minutes; at most ${peak.toFixed(1)} alerts per second.`);
}

function state(word, text) {
  $("state").dataset.state = word;
  say("state", text);
}

function figures(told) {
  say("survey", told.survey);
  say("model", `${told.model}, group ${told.group}`);
  document.title = `stampapp ${told.survey}`;
  state(told.ready ? "ready" : "waiting", told.ready ? "Ready" : "Not ready: see the log of the worker");
  say("rate", told.rate.toFixed(told.rate < 10 ? 1 : 0));
  say("lag", count(told.lag));
  say("latency", seconds(told.latency));
  say("slowest", seconds(told.slowest));
  say("total", count(told.total));
  bars("classes", told.classes);
  bars("outcomes", told.outcomes);
  line(told.rates);
  const causes = Object.entries(told.causes).map(([cause, number]) => `${cause} (${count(number)})`);
  say("causes", causes.length ? `In the last hour: ${causes.join(", ")}.` : "None in the last hour.");
  filters(["", ...Object.keys(told.classes), "withdrawn"]);
}

function filters(labels) {
  if ($("filter").childElementCount === labels.length) return;
  const buttons = labels.map((label) => {
    const made = element("button", { type: "button", "aria-pressed": String(label === chosen), "data-class": label ? kind(label) : null }, label || "All");
    made.addEventListener("click", () => choose(label));
    return made;
  });
  $("filter").replaceChildren(...buttons);
}

function choose(label) {
  chosen = label;
  for (const button of $("filter").children) {
    button.setAttribute("aria-pressed", String(button.textContent === (label || "All")));
  }
  hang();
}

function stamps(card) {
  const made = card.stamps.map((stamp) => {
    const caption = element("figcaption", {}, stamp.north_up ? `${stamp.name} N↑` : stamp.name);
    const picture = stamp.png
      ? element("img", { src: stamp.png, alt: `${stamp.name} stamp of ${card.aid}`, width: stamp.size[0], height: stamp.size[1] })
      : element("p", { class: "problem" }, stamp.problem);
    return element("figure", {}, picture, caption);
  });
  return element("div", { class: "stamps" }, ...made);
}

function probabilities(card, digits) {
  const best = Math.max(...Object.values(card.probabilities));
  const made = Object.entries(card.probabilities).map(([name, p]) => bar(name, p, p.toFixed(digits), p === best));
  return element("ul", { class: "bars", "aria-label": "Probabilities" }, ...made);
}

function links(card) {
  const made = card.links.map((link) => element("a", { href: link.url, target: "_blank", rel: "noopener noreferrer", "aria-label": `${card.aid} in ${link.name}` }, link.name));
  return element("p", { class: "links" }, ...made);
}

function rule(card) {
  return card.rule ? element("p", { class: "rule" }, `Rule: ${card.rule}`) : null;
}

function badge(card) {
  const best = Math.max(...Object.values(card.probabilities));
  const text = card.label in card.probabilities ? `${card.label} ${best.toFixed(2)}` : card.label;
  return element("span", { class: "badge" }, text);
}

function draw(card) {
  const open = element("button", { type: "button", class: "open", "aria-haspopup": "dialog" }, card.aid);
  open.addEventListener("click", () => detail(card));
  const brightness = card.mag === null ? "" : `${card.fid} = ${card.mag.toFixed(2)}, `;
  return element(
    "li", {},
    element(
      "article", { class: "card", "data-class": kind(card.label), "data-number": card.number },
      element("div", { class: "card-top" }, element("h3", {}, open), badge(card)),
      stamps(card), probabilities(card, 2), rule(card),
      element(
        "div", { class: "foot" },
        element("p", { class: "faint" }, `${brightness}classified `, element("time", { datetime: card.at }, `${clock(card.at)} UTC`)),
        links(card),
      ),
    ),
  );
}

function detail(card) {
  const facts = [
    ["Class", card.label], ["Object", `${card.aid} (${card.oid})`], ["Candidate", card.candid],
    ["Observed", `${card.taken ?? "?"}, mjd ${card.mjd}`], ["Position", `${card.ra}°, ${card.dec}° (ICRS)`],
    ["Magnitude", `${card.mag} ± ${card.e_mag} in ${card.fid}`], ["Classified", card.at],
    ["Model", card.model], ["Message", card.place],
    ...card.stamps.filter((stamp) => stamp.png).map((stamp) => [
      `Stamp ${stamp.name}`,
      `${stamp.size[0]} × ${stamp.size[1]} pixels${stamp.scale ? ` of ${stamp.scale.toFixed(2)}″` : ""}${stamp.north_up ? ", north up, east left" : ""}`,
    ]),
  ];
  const list = facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  $("detail-title").replaceChildren(card.aid);
  $("detail-body").replaceChildren(
    ...[stamps(card), probabilities(card, 4), rule(card), links(card), element("dl", { class: "facts" }, ...list)].filter(Boolean),
  );
  $("detail").showModal();
}

function hang() {
  const wanted = [...cards.values()]
    .filter((card) => !chosen || card.label === chosen)
    .sort((one, other) => other.number - one.number);
  const items = wanted.map((card) => {
    if (!shown.has(card.number)) shown.set(card.number, draw(card));
    return shown.get(card.number);
  });
  for (const number of shown.keys()) if (!cards.has(number)) shown.delete(number);
  // Move only the cards that changed, so that the focused card keeps the focus.
  const list = $("cards");
  items.forEach((item, place) => {
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
  while (list.childElementCount > items.length) list.lastElementChild.remove();
  $("none").hidden = items.length > 0;
}

function add(card) {
  cards.set(card.number, card);
  const numbers = [...cards.keys()].sort((one, other) => other - one);
  for (const number of numbers.slice(MOST_CARDS)) cards.delete(number);
  hang();
}

function dead(letters) {
  const rows = letters.map((one) => element(
    "tr", {},
    element("td", {}, clock(one.at)), element("td", { class: "cause" }, one.cause),
    element("td", {}, one.message), element("td", {}, one.aid ?? "unknown"), element("td", {}, one.place),
  ));
  $("dead").replaceChildren(...rows);
  $("dead-table").hidden = rows.length === 0;
}

function on(stream, event, show) {
  stream.addEventListener(event, (message) => {
    const told = JSON.parse(message.data);
    if (paused) waiting.push(() => show(told));
    else show(told);
    if (waiting.length > 500) waiting = waiting.slice(-250);
  });
}

function pause() {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  if (paused) return;
  for (const show of waiting) show();
  waiting = [];
}

function listen() {
  const stream = new EventSource("events");
  on(stream, "figures", figures);
  on(stream, "card", add);
  on(stream, "dead", dead);
  // Another worker may answer now, with its own numbers. It sends its sample again.
  stream.addEventListener("open", () => { cards.clear(); shown.clear(); waiting = []; });
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) {
      state("lost", "Too many pages are open, or the page is turned off: trying again in 30 s");
      setTimeout(listen, 30000);
    } else state("lost", "No connection to the worker: trying again");
  });
  addEventListener("pagehide", () => stream.close(), { once: true });
}

$("pause").addEventListener("click", pause);
$("close").addEventListener("click", () => $("detail").close());
$("detail").addEventListener("click", (event) => { if (event.target === $("detail")) $("detail").close(); });
listen();
