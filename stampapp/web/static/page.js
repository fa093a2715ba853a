// Show the events that the worker sends. All values are inserted as text, because names in alerts are not
// trusted.

const MOST_CARDS = 96;
const cards = new Map();
const drawn = new Map();
let selected = "";
let paused = false;
let queued = [];

const $ = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function svgElement(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function setText(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

const cssName = (label) => label.toLowerCase();
const timeOfDay = (instant) => instant.slice(11, 19);
const formatCount = (number) => number.toLocaleString("en");

function formatSeconds(value) {
  if (value === null) return "–";
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 120) return `${Math.round(value)} s`;
  if (value < 7200) return `${Math.round(value / 60)} min`;
  if (value < 172800) return `${Math.round(value / 3600)} h`;
  return `${formatCount(Math.round(value / 86400))} d`;
}

function barElement(name, share, number, best = false) {
  const fill = element("span", { class: "fill" });
  fill.style.width = `${(100 * share).toFixed(1)}%`;
  return element(
    "li", { "data-class": cssName(name), class: best ? "best" : null },
    element("span", {}, name.replace("_", " ")),
    element("span", { class: "track", "aria-hidden": "true" }, fill),
    element("span", { class: "number" }, number),
  );
}

function showBars(id, counts) {
  const total = Object.values(counts).reduce((sum, one) => sum + one, 0);
  const made = Object.entries(counts).map(([name, one]) => barElement(name, total ? one / total : 0, formatCount(one)));
  $(id).replaceChildren(...made);
}

function showRates(rates) {
  const peak = Math.max(...rates, 0);
  const points = rates.map((rate, minute) => `${(240 * minute / 59).toFixed(1)},${(58 - (peak ? 56 * rate / peak : 0)).toFixed(1)}`);
  $("rates").replaceChildren(
    svgElement("path", { d: `M0,60 L${points.join(" L")} L240,60 Z` }),
    svgElement("polyline", { points: points.join(" ") }),
  );
  setText("peak", `The last 60 minutes; at most ${peak.toFixed(1)} alerts per second.`);
}

function showState(state, text) {
  $("state").dataset.state = state;
  setText("state", text);
}

function showFigures(figures) {
  setText("survey", figures.survey);
  setText("model", `${figures.model}, group ${figures.group}`);
  document.title = `stampapp ${figures.survey}`;
  showState(figures.ready ? "ready" : "waiting", figures.ready ? "Ready" : "Not ready: see the log of the worker");
  setText("rate", figures.rate.toFixed(figures.rate < 10 ? 1 : 0));
  setText("lag", formatCount(figures.lag));
  setText("latency", formatSeconds(figures.latency));
  setText("slowest", formatSeconds(figures.slowest));
  setText("total", formatCount(figures.total));
  showBars("classes", figures.classes);
  showBars("outcomes", figures.outcomes);
  $("over").hidden = figures.max_detections === null;
  setText("over", `Superseded by MAX_DETECTIONS=${figures.max_detections}: ${formatCount(figures.over_max_detections)}.`);
  showRates(figures.rates);
  const causes = Object.entries(figures.causes).map(([cause, number]) => `${cause} (${formatCount(number)})`);
  setText("causes", causes.length ? `In the last hour: ${causes.join(", ")}.` : "None in the last hour.");
  showShadow(figures.shadow);
  showFilters(["", ...Object.keys(figures.classes), "withdrawn"]);
}

function describeShadow(shadow) {
  const counted = `${shadow.model}: the same class for ${formatCount(shadow.agreed)} of ${formatCount(shadow.compared)} alerts since the worker started`;
  const [half, most] = shadow.differences;
  const difference = half === null ? "" : `; the largest difference of a probability is at most ${half} for half of them and ${most} for 95 %`;
  const time = shadow.seconds_each === null ? "" : `; ${(1000 * shadow.seconds_each).toFixed(1)} ms an alert`;
  const dropped = shadow.dropped ? `; ${formatCount(shadow.dropped)} alerts not seen, because it could not keep up` : "";
  const end = shadow.switched_off ? ` It is switched off (${shadow.switched_off}): see the log of the worker.` : "";
  return `${counted}${difference}${time}${dropped}.${end}`;
}

function showShadow(shadow) {
  $("beside").hidden = !shadow;
  if (!shadow) return;
  setText("beside-summary", describeShadow(shadow));
  const name = (label) => label.replace("_", " ");
  const head = ["live", ...shadow.shadow_classes.map(name)].map((text) => element("th", { scope: "col" }, text));
  const rows = shadow.rows.map(([live, ...counts]) => element("tr", {}, element("th", { scope: "row" }, name(live)), ...counts.map((count) => element("td", {}, formatCount(count)))));
  $("beside-head").replaceChildren(element("tr", {}, ...head));
  $("beside-rows").replaceChildren(...rows);
  $("beside-table").hidden = $("beside-legend").hidden = rows.length === 0;
}

function showFilters(labels) {
  if ($("filter").childElementCount === labels.length) return;
  const buttons = labels.map((label) => {
    const made = element("button", { type: "button", "aria-pressed": String(label === selected), "data-class": label ? cssName(label) : null }, label || "All");
    made.addEventListener("click", () => selectClass(label));
    return made;
  });
  $("filter").replaceChildren(...buttons);
}

function selectClass(label) {
  selected = label;
  for (const button of $("filter").children) {
    button.setAttribute("aria-pressed", String(button.textContent === (label || "All")));
  }
  showCards();
}

// The image's text says what the marks show.
function marksElement(stamp) {
  const percent = (share) => (100 * share).toFixed(2);
  const lines = stamp.marks.lines.map(([x1, y1, x2, y2]) => svgElement("line", { x1: percent(x1), y1: percent(y1), x2: percent(x2), y2: percent(y2) }));
  const labels = stamp.marks.labels.map((label) => svgElement("text", { x: percent(label.x), y: percent(label.y) }, label.text));
  return svgElement("svg", { class: stamp.light ? "marks on-light" : "marks", viewBox: "0 0 100 100", "aria-hidden": "true" }, ...lines, ...labels);
}

function pictureElement(card, stamp) {
  const text = `${stamp.name} stamp of ${card.aid}, ${stamp.orientation}`;
  const image = element("img", { src: stamp.png, alt: text, width: stamp.size[0], height: stamp.size[1] });
  return element("div", { class: "picture" }, image, marksElement(stamp));
}

function stampsElement(card) {
  const made = card.stamps.map((stamp) => {
    const picture = stamp.png ? pictureElement(card, stamp) : element("p", { class: "problem" }, stamp.problem);
    return element("figure", {}, picture, element("figcaption", {}, stamp.name));
  });
  return element("div", { class: "stamps" }, ...made);
}

function probabilitiesElement(card, digits) {
  const best = Math.max(...Object.values(card.probabilities));
  const made = Object.entries(card.probabilities).map(([name, p]) => barElement(name, p, p.toFixed(digits), p === best));
  return element("ul", { class: "bars", "aria-label": "Probabilities" }, ...made);
}

function linksElement(card) {
  if (card.simulated) return element("p", { class: "faint" }, "Simulated: not an object of the sky");
  const made = card.links.map((link) => element("a", { href: link.url, target: "_blank", rel: "noopener noreferrer", "aria-label": `${card.aid} in ${link.name}` }, link.name));
  return element("p", { class: "links" }, ...made);
}

function ruleElement(card) {
  return card.rule ? element("p", { class: "rule" }, `Rule: ${card.rule}`) : null;
}

function badgeElement(card) {
  const best = Math.max(...Object.values(card.probabilities));
  const text = card.label in card.probabilities ? `${card.label} ${best.toFixed(2)}` : card.label;
  return element("span", { class: "badge" }, text);
}

function cardElement(card) {
  const open = element("button", { type: "button", class: "open", "aria-haspopup": "dialog" }, card.aid);
  open.addEventListener("click", () => showDetail(card));
  const brightness = card.mag === null ? "" : `${card.fid} = ${card.mag.toFixed(2)}, `;
  return element(
    "li", {},
    element(
      "article", { class: "card", "data-class": cssName(card.label), "data-number": card.number },
      element("div", { class: "card-top" }, element("h3", {}, open), badgeElement(card)),
      stampsElement(card), probabilitiesElement(card, 2), ruleElement(card),
      element(
        "div", { class: "foot" },
        element("p", { class: "faint" }, `${brightness}classified `, element("time", { datetime: card.at }, `${timeOfDay(card.at)} UTC`)),
        linksElement(card),
      ),
    ),
  );
}

function showDetail(card) {
  const facts = [
    ["Class", card.label], ["Object", card.aid === card.oid ? card.aid : `${card.aid} (${card.oid})`], ["Candidate", card.candid],
    ["Observed", `${card.taken ?? "?"}, mjd ${card.mjd}`], ["Position", `${card.ra}°, ${card.dec}° (ICRS)`],
    ["Magnitude", card.mag === null ? `none in ${card.fid}` : `${card.mag} ± ${card.e_mag ?? "?"} in ${card.fid}`], ["Classified", card.at],
    ["Model", card.model], ["Message", card.place],
    ...card.stamps.filter((stamp) => stamp.png).map((stamp) => [
      `Stamp ${stamp.name}`,
      `${stamp.size[0]} × ${stamp.size[1]} pixels${stamp.scale ? ` of ${stamp.scale.toFixed(2)}″` : ""}, ${stamp.orientation}`,
    ]),
  ];
  const list = facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  $("detail-title").replaceChildren(card.aid);
  $("detail-body").replaceChildren(
    ...[stampsElement(card), probabilitiesElement(card, 4), ruleElement(card), linksElement(card), element("dl", { class: "facts" }, ...list)].filter(Boolean),
  );
  $("detail").showModal();
}

function showCards() {
  const visible = [...cards.values()]
    .filter((card) => !selected || card.label === selected)
    .sort((one, other) => other.number - one.number);
  const items = visible.map((card) => {
    if (!drawn.has(card.number)) drawn.set(card.number, cardElement(card));
    return drawn.get(card.number);
  });
  for (const number of drawn.keys()) if (!cards.has(number)) drawn.delete(number);
  // Move only the cards that changed, so that the focused card keeps the focus.
  const list = $("cards");
  items.forEach((item, index) => {
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
  while (list.childElementCount > items.length) list.lastElementChild.remove();
  $("none").hidden = items.length > 0;
}

function addCard(card) {
  cards.set(card.number, card);
  const numbers = [...cards.keys()].sort((one, other) => other - one);
  for (const number of numbers.slice(MOST_CARDS)) cards.delete(number);
  showCards();
}

function showDeadLetters(letters) {
  const rows = letters.map((one) => element(
    "tr", {},
    element("td", {}, timeOfDay(one.at)), element("td", { class: "cause" }, one.cause),
    element("td", {}, one.message), element("td", {}, one.aid ?? "unknown"), element("td", {}, one.place),
  ));
  $("dead").replaceChildren(...rows);
  $("dead-table").hidden = rows.length === 0;
}

function onEvent(stream, event, show) {
  stream.addEventListener(event, (message) => {
    const data = JSON.parse(message.data);
    if (paused) queued.push(() => show(data));
    else show(data);
    if (queued.length > 500) queued = queued.slice(-250);
  });
}

function togglePause() {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  if (paused) return;
  for (const show of queued) show();
  queued = [];
}

function connect() {
  const stream = new EventSource("events");
  onEvent(stream, "figures", showFigures);
  onEvent(stream, "card", addCard);
  onEvent(stream, "dead", showDeadLetters);
  // Another worker may answer now, with its own numbers. It sends its sample again.
  stream.addEventListener("open", () => { cards.clear(); drawn.clear(); queued = []; });
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) {
      showState("lost", "Too many pages are open, or the page is turned off: trying again in 30 s");
      setTimeout(connect, 30000);
    } else showState("lost", "No connection to the worker: trying again");
  });
  addEventListener("pagehide", () => stream.close(), { once: true });
}

$("pause").addEventListener("click", togglePause);
$("close").addEventListener("click", () => $("detail").close());
$("detail").addEventListener("click", (event) => { if (event.target === $("detail")) $("detail").close(); });
connect();
