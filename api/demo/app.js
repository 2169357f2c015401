// A shop in a browser, on Platen's public API. The page holds a publishable key and nothing else; what needs a secret key
// (to approve, to order) it asks of its shop's server, at /demo.

import { DEFS, SCENES, planFor } from '/demo/products.js';

const WORDS = {
  en: {
    stepDesign: 'Design', stepPreview: 'Preview', stepApprove: 'Approve', stepDeliver: 'Delivered',
    title: 'Put a name on it.', lede: 'Type, and it is set as it will be printed: every letter checked, every size fitted.',
    font: 'Font', colour: 'Colour', toPreview: 'See the real preview', left: 'Left side', right: 'Right side',
    name: 'Name', wish: 'A line below', since: 'On the other side', quote: 'Your words', by: 'For whom', mend: 'Mend it',
    typing: 'Checking…', good: 'It will print exactly like this.', empty: 'Write something to begin.',
    previewTitle: 'This is what will be printed.', previewLede: 'Drawn by the press itself, from the design that is now stored under its hash.',
    change: 'Change it', approveIt: 'Approve and order', design: 'Design', drawn: 'Drawn in', sizes: 'Letters', price: 'Price', file: 'File',
    drawing: 'The press is drawing…', asDrawn: 'as printed', again: 'Make another one',
    ordered: 'Order', placing: 'Placing your order…', onItsWay: 'Nothing more to do: it is made, packed and sent. This page follows along.',
    thanks: 'Delivered.', thanksLede: 'From a name to a parcel at the door, and every step can be proven by its hash.',
    approved: 'Approved', approvedBy: 'locked: what you saw is what is printed', paid: 'Paid', files: 'Print files built', filesBy: 'from the approved design, byte for byte',
    accepted: 'Accepted by the printer', making: 'In production', shipped: 'On its way', delivered: 'At the door', tracking: 'Parcel', by_: 'with',
    held: 'The order is on hold', foot: (speed) => `A demo on this machine: a stand-in plays the printer, and its days pass ${speed.toLocaleString('en')} times as fast as yours.`,
    oneLine: 'one line', lines: (n) => `${n} lines`, shrunk: 'fitted', broken: 'The shop does not answer; reload the page in a moment.',
  },
  fr: {
    stepDesign: 'Créer', stepPreview: 'Aperçu', stepApprove: 'Valider', stepDeliver: 'Livré',
    title: 'Mettez-y un prénom.', lede: 'Écrivez : le texte est composé comme il sera imprimé, chaque lettre vérifiée, chaque taille ajustée.',
    font: 'Police', colour: 'Couleur', toPreview: 'Voir le véritable aperçu', left: 'Côté gauche', right: 'Côté droit',
    name: 'Prénom', wish: 'Une ligne dessous', since: 'Sur l’autre côté', quote: 'Vos mots', by: 'Pour qui', mend: 'Corriger',
    typing: 'Vérification…', good: 'Ce sera imprimé exactement ainsi.', empty: 'Écrivez quelque chose pour commencer.',
    previewTitle: 'Voici ce qui sera imprimé.', previewLede: 'Dessiné par la presse elle-même, d’après la création désormais enregistrée sous son empreinte.',
    change: 'Modifier', approveIt: 'Valider et commander', design: 'Création', drawn: 'Dessiné en', sizes: 'Lettres', price: 'Prix', file: 'Fichier',
    drawing: 'La presse dessine…', asDrawn: 'tel qu’imprimé', again: 'En faire un autre',
    ordered: 'Commande', placing: 'Commande en cours…', onItsWay: 'Plus rien à faire : on fabrique, on emballe, on envoie. Cette page suit.',
    thanks: 'Livré.', thanksLede: 'D’un prénom à un colis à la porte, et chaque étape se prouve par son empreinte.',
    approved: 'Validé', approvedBy: 'verrouillé : ce que vous avez vu est ce qui s’imprime', paid: 'Payé', files: 'Fichiers d’impression prêts', filesBy: 'depuis la création validée, octet pour octet',
    accepted: 'Accepté par l’imprimeur', making: 'En fabrication', shipped: 'En route', delivered: 'À la porte', tracking: 'Colis', by_: 'par',
    held: 'La commande est en attente', foot: (speed) => `Une démonstration sur cette machine : une doublure joue l’imprimeur, et ses jours passent ${speed.toLocaleString('fr')} fois plus vite que les vôtres.`,
    oneLine: 'une ligne', lines: (n) => `${n} lignes`, shrunk: 'ajusté', broken: 'La boutique ne répond pas ; rechargez la page dans un instant.',
  },
};

const $ = (id) => document.getElementById(id);
const SVG = 'http://www.w3.org/2000/svg';
const state = { lang: 'en', shop: null, config: null, plan: null, side: 0, values: {}, fonts: {}, active: null, color: '', fit: null, judged: null, step: 'design', asked: 0, preview: null };
const t = (key) => WORDS[state.lang][key] ?? key;

// ---- talking ------------------------------------------------------------------------------------------------------

async function call(method, path, body, headers = {}) {
  const keyed = path.startsWith('/v1/') ? { authorization: `Bearer ${state.shop.key}` } : {};
  const typed = body === undefined ? {} : { 'content-type': 'application/json' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(path, { method, headers: { ...keyed, ...typed, ...headers }, body: body === undefined ? undefined : text });
}

async function ask(method, path, body, headers) {
  const answer = await call(method, path, body, headers);
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.errors?.map(sentence).join(' ') || said.detail);
  return said;
}

const sentence = (fault) => fault.translations?.[state.lang] ?? fault.message;

// The states of a job, as the API tells them (server-sent events, read by hand: EventSource sends no Authorization).
async function* states(job) {
  const answer = await call('GET', `/v1/jobs/${job}/events`, undefined, { accept: 'text/event-stream' });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ''; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split('\n\n');
    rest = events.pop();
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data:'));
      if (data) yield JSON.parse(data.slice(5));
    }
  }
}

// ---- the design ---------------------------------------------------------------------------------------------------

const filled = () => state.plan.fields.filter((field) => state.values[field.key] !== '');

function layers() {
  return filled().map((field) => ({
    zone: field.zone, type: 'text', text: state.values[field.key], font: state.fonts[field.key], color: state.color,
    sizeMm: field.sizeMm, minSizeMm: field.minSizeMm, fit: field.fit, align: 'center', box: field.box,
  }));
}

function body() {
  return { product: { id: state.config.product.id, templateVersion: state.config.product.templateVersion }, layers: layers() };
}

let timer;
function changed() {
  clearTimeout(timer);
  state.judged = null;
  $('go').disabled = true;
  verdict('', t('typing'));
  timer = setTimeout(check, 70);
}

async function check() {
  const turn = ++state.asked;
  if (filled().length === 0) {
    state.fit = null;
    draw();
    explain([]);
    return verdict('', t('empty'));
  }
  try {
    const began = performance.now();
    const [judged, fit] = await Promise.all([
      ask('POST', '/v1/personalization/validate', body()), ask('POST', '/v1/personalization/auto-fit', body()),
    ]);
    if (turn !== state.asked) return;
    Object.assign(state, { judged, fit });
    draw();
    explain(judged.errors);
    const took = Math.max(1, Math.round(performance.now() - began));
    if (judged.valid) verdict('good', `${t('good')} (${took} ms)`);
    else verdict('bad', sentence(judged.errors[0]));
    $('go').disabled = !judged.valid;
  } catch (error) {
    if (turn === state.asked) verdict('bad', error.message);
  }
}

function verdict(kind, text) {
  $('verdict').className = `verdict ${kind}`;
  $('verdict').textContent = text;
}

// Each sentence beside the field it is about, and a way out where there is one.
function explain(errors) {
  const shown = filled();
  for (const field of state.plan.fields) {
    const box = $(`field-${field.key}`);
    const index = shown.indexOf(field);
    const mine = errors.filter((error) => index >= 0 && error.pointer.startsWith(`/layers/${index}/`));
    box.classList.toggle('bad', mine.length > 0);
    const why = box.querySelector('.why');
    why.textContent = mine.map(sentence).join(' ');
    why.hidden = mine.length === 0;
    if (mine.length > 0) offer(field, why);
  }
}

async function offer(field, why) {
  const raw = state.values[field.key];
  const said = await ask('POST', '/v1/personalization/normalize', { texts: [raw] }).catch(() => null);
  const cleaned = said?.texts[0].cleaned;
  if (!cleaned || state.values[field.key] !== raw) return;
  const mend = document.createElement('button');
  Object.assign(mend, { type: 'button', className: 'mend', textContent: t('mend') });
  mend.onclick = () => { $(`input-${field.key}`).value = cleaned; state.values[field.key] = cleaned; changed(); };
  why.append(' ', mend);
}

// ---- the picture --------------------------------------------------------------------------------------------------

function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function parsed(text) {
  const whole = new DOMParser().parseFromString(`<svg xmlns="${SVG}">${text}</svg>`, 'image/svg+xml');
  return [...whole.documentElement.childNodes].map((node) => document.importNode(node, true));
}

const zone = (id) => state.config.product.zones.find((one) => one.id === id);

function draw() {
  const id = state.plan.zones[state.side];
  const { widthMm: w, heightMm: h, background } = zone(id);
  const scene = (SCENES[state.config.product.kind] ?? SCENES.thing)(state.side);
  const area = svg('svg', { ...size(scene.at), viewBox: `0 0 ${w} ${h}`, class: state.config.product.kind === 'mug' ? 'zone ink' : 'zone', overflow: 'hidden' });
  if (background && state.config.product.kind !== 'mug') area.append(svg('rect', { width: w, height: h, fill: background }));
  area.append(...(state.preview ? [printed(id)] : written(id)));
  const picture = svg('svg', { viewBox: '0 0 600 520', role: 'img', 'aria-label': state.config.product.title });
  picture.append(svg('defs', {}, ...parsed(DEFS)), ...parsed(scene.back), area, ...parsed(scene.front));
  $('scene').replaceChildren(picture);
  measure(id);
}

const size = ({ x, y, w, h }) => ({ x, y, width: w, height: h });

// The lines as the press will set them: its sizes, its boxes, its font files.
function written(id) {
  if (!state.fit) return [];
  const shown = filled();
  return state.fit.texts.filter((text) => text.zone === id && shown[text.layer]).flatMap((text) => text.lines.map((line) => {
    const rtl = line.direction === 'rtl';
    const node = svg('text', {
      x: rtl ? line.box.x + line.box.w : line.box.x, y: line.baselineMm, 'font-size': text.sizeMm, fill: state.color,
      'font-family': family(state.fonts[shown[text.layer].key]), direction: line.direction, 'xml:space': 'preserve',
    });
    node.textContent = line.text;
    return node;
  }));
}

// The press's own picture: all zones in a row, of which this one is shown.
function printed(id) {
  const zones = state.config.product.zones;
  const tallest = Math.max(...zones.map((one) => one.heightMm));
  const gutter = Math.floor(Math.max(tallest, ...zones.map((one) => one.widthMm)) * 40) / 1000;
  const total = zones.reduce((sum, one) => sum + one.widthMm, 0) + gutter * (zones.length - 1);
  const before = zones.slice(0, zones.findIndex((one) => one.id === id)).reduce((sum, one) => sum + one.widthMm + gutter, 0);
  return svg('image', { href: state.preview.url, x: -before, y: -(tallest - zone(id).heightMm) / 2, width: total, height: tallest, preserveAspectRatio: 'none' });
}

function measure(id) {
  const mine = state.fit?.texts.filter((text) => text.zone === id) ?? [];
  const number = new Intl.NumberFormat(state.lang, { maximumFractionDigits: 1 });
  const one = (text) => `${number.format(text.sizeMm)} mm · ${text.lines.length === 1 ? t('oneLine') : t('lines')(text.lines.length)}${text.shrunk ? ` · ${t('shrunk')}` : ''}`;
  $('measure').textContent = state.preview ? t('asDrawn') : mine.slice(0, 1).map(one).join('');
}

// ---- fonts --------------------------------------------------------------------------------------------------------

const loaded = new Set();
function family(name) {
  return [name, ...state.config.fonts.map((font) => font.name)].map((one) => `"Platen ${one}"`).join(', ');
}

async function loadFonts() {
  for (const font of state.config.fonts.filter((one) => !loaded.has(one.name))) {
    loaded.add(font.name);
    const face = new FontFace(`Platen ${font.name}`, `url(${font.url})`);
    document.fonts.add(face);
    face.load().catch(() => loaded.delete(font.name));
  }
}

// ---- the form -----------------------------------------------------------------------------------------------------

const allowed = (name) => {
  const id = state.plan.fields.find((field) => field.key === state.active)?.zone ?? state.plan.zones[0];
  return state.config.rules.zones?.[id]?.[name];
};

async function choose(id) {
  const config = await ask('GET', `/v1/widget/config/${id}`);
  const plan = planFor(config);
  Object.assign(state, { config, plan, side: 0, fit: null, preview: null, color: plan.color, active: plan.fields[0].key });
  state.values = Object.fromEntries(plan.fields.map((field) => [field.key, field.words[state.lang]]));
  state.fonts = Object.fromEntries(plan.fields.map((field) => [field.key, field.font]));
  loadFonts();
  for (const button of $('products').children) button.setAttribute('aria-pressed', String(button.dataset.id === id));
  form();
  sides();
  turned();
  draw();
  changed();
}

function form() {
  $('fields').replaceChildren(...state.plan.fields.map((field) => {
    const box = document.createElement('div');
    Object.assign(box, { className: 'field', id: `field-${field.key}` });
    const label = document.createElement('label');
    label.htmlFor = `input-${field.key}`;
    const count = document.createElement('span');
    label.append(t(field.key), count);
    const input = document.createElement(field.long ? 'textarea' : 'input');
    Object.assign(input, { id: `input-${field.key}`, value: state.values[field.key], spellcheck: false, rows: 3, dir: 'auto' });
    const why = Object.assign(document.createElement('span'), { className: 'why', hidden: true });
    const most = state.config.rules.zones?.[field.zone]?.maxLength;
    const tell = () => { count.textContent = most ? `${[...new Intl.Segmenter().segment(input.value)].length} / ${most}` : ''; };
    input.oninput = () => { state.values[field.key] = input.value; tell(); changed(); };
    input.onfocus = () => { state.active = field.key; show(field.zone); choices(); };
    tell();
    box.append(label, input, why);
    return box;
  }));
  choices();
}

// The font is the active field's; the colour is everything's.
function choices() {
  const fonts = allowed('fonts') ?? state.config.fonts.map((font) => font.name);
  const sample = { 'Noto Sans Hebrew': 'שלום', 'Noto Sans Arabic': 'سلام', 'Noto Sans Devanagari': 'नमस्ते', 'Noto Sans Thai': 'สวัสดี' };
  $('fonts').replaceChildren(...fonts.map((name) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: sample[name] ?? name, title: name });
    button.style.fontFamily = family(name);
    button.setAttribute('aria-pressed', String(state.fonts[state.active] === name));
    button.onclick = () => { state.fonts[state.active] = name; choices(); changed(); };
    return button;
  }));
  const colors = allowed('colors') ?? ['#111111', '#c8553d', '#264653', '#2a9d8f'];
  $('colors').replaceChildren(...colors.map((color) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', title: color, ariaLabel: color });
    button.style.background = color;
    button.setAttribute('aria-pressed', String(state.color === color));
    button.onclick = () => { state.color = color; choices(); draw(); changed(); };
    return button;
  }));
}

function sides() {
  const names = state.plan.zones;
  $('sides').hidden = names.length < 2;
  $('sides').replaceChildren(...names.map((id, index) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: t(id) });
    button.setAttribute('aria-pressed', String(index === state.side));
    button.onclick = () => show(id);
    return button;
  }));
}

function show(id) {
  const side = state.plan.zones.indexOf(id);
  if (side === state.side || side < 0) return;
  state.side = side;
  sides();
  turned();
  draw();
}

function turned() {
  $('scene').classList.remove('turning');
  requestAnimationFrame(() => $('scene').classList.add('turning'));
}

// ---- preview, approval, order -------------------------------------------------------------------------------------

function step(name) {
  state.step = name;
  const order = ['design', 'preview', 'approve', 'deliver'];
  for (const item of $('steps').children) {
    const place = order.indexOf(item.dataset.step) - order.indexOf(name);
    item.classList.toggle('done', place < 0 || name === 'done');
    if (place === 0) item.setAttribute('aria-current', 'step'); else item.removeAttribute('aria-current');
  }
  $('pane-design').hidden = name !== 'design';
  $('pane-preview').hidden = name !== 'preview';
  $('pane-order').hidden = ['design', 'preview'].includes(name);
}

function trouble(error) {
  $('trouble').textContent = error.message;
  $('trouble').hidden = false;
}

const money = (amount) => new Intl.NumberFormat(state.lang, { style: 'currency', currency: amount.currency }).format(amount.minor / 100);

function facts(rows) {
  $('facts').replaceChildren(...rows.flatMap(([name, value, code]) => {
    const dt = Object.assign(document.createElement('dt'), { textContent: name });
    const dd = document.createElement('dd');
    dd.append(code ? Object.assign(document.createElement('code'), { textContent: value }) : value);
    return [dt, dd];
  }));
}

async function preview() {
  step('preview');
  $('trouble').hidden = true;
  $('approve').disabled = true;
  facts([[t('design'), t('drawing')]]);
  try {
    const spec = await ask('POST', '/v1/specs', JSON.stringify(state.judged.spec));
    const job = await ask('POST', '/v1/renders', { specHash: spec.hash, profile: 'preview' });
    let last = job;
    for await (const now of states(job.id)) last = now;
    if (last.state !== 'succeeded') throw new Error(last.waitingWhy ?? last.state);
    const picture = await (await call('GET', `/v1/renders/${job.id}/preview`)).blob();
    if (state.step !== 'preview') return;
    state.preview = { url: URL.createObjectURL(picture), hash: spec.hash };
    turned();
    draw();
    const took = Math.max(1, Math.round(new Date(last.finishedAt) - new Date(last.startedAt)));
    const sizes = state.fit.texts.map((text) => `${text.sizeMm.toFixed(1)} mm`).join(' · ');
    facts([[t('design'), `${spec.hash.slice(0, 12)}…`, true], [t('drawn'), `${took} ms`], [t('file'), `PNG · ${Math.ceil(picture.size / 1024)} kB`],
      [t('sizes'), sizes], [t('price'), money(state.config.product.price)]]);
    $('approve').disabled = false;
    $('approve').focus();
  } catch (error) {
    trouble(error);
  }
}

async function approve() {
  $('approve').disabled = true;
  try {
    const snapshot = await ask('POST', '/v1/snapshots', { specHash: state.preview.hash, source: 'demo page' });
    await ask('POST', '/demo/approvals', { snapshot: snapshot.id });
    $('stamp').replaceChildren(t('approved'), Object.assign(document.createElement('small'), { textContent: state.preview.hash.slice(0, 16) }));
    $('stamp').hidden = false;
    step('approve');
    $('order-title').textContent = t('placing');
    $('order-lede').textContent = t('onItsWay');
    road({ state: 'draft', shipments: [] });
    const order = await ask('POST', '/demo/orders', { snapshot: snapshot.id });
    step('deliver');
    $('order-title').textContent = `${t('ordered')} ${order.number}`;
    follow(order);
  } catch (error) {
    step('preview');
    trouble(error);
  }
}

const seen = new Map();
function road(order) {
  const stages = order.shipments.map((one) => one.stage);
  const some = (...words) => stages.some((stage) => words.includes(stage));
  const made = ['in_production', 'shipped', 'delivered', 'closed'].includes(order.state);
  const over = ['delivered', 'closed'].includes(order.state);
  const points = [
    ['approved', true, t('approvedBy')], ['paid', order.state !== 'draft', money(state.config.product.price)],
    ['files', made || ['ready', 'submitting'].includes(order.state), t('filesBy')], ['accepted', made], 
    ['making', made && (over || order.state === 'shipped' || some('in_production', 'produced', 'shipped', 'in_transit', 'delivered'))],
    ['shipped', over || order.state === 'shipped' || some('shipped', 'in_transit', 'delivered')], ['delivered', over],
  ];
  const reached = points.map(([, done]) => done).lastIndexOf(true);
  $('road').replaceChildren(...points.map(([key, , note], index) => {
    const item = document.createElement('li');
    item.className = index < reached || (index === reached && over) ? 'past' : index === reached ? 'past' : index === reached + 1 ? 'now' : '';
    if (index <= reached && !seen.has(key)) seen.set(key, new Date());
    const time = seen.get(key)?.toLocaleTimeString(state.lang) ?? '';
    item.append(Object.assign(document.createElement('b'), { textContent: t(key) }), Object.assign(document.createElement('small'), { textContent: [time, note].filter(Boolean).join(' · ') }));
    return item;
  }));
  const parcel = order.shipments.flatMap((one) => one.parcels.map((parcel) => ({ ...parcel, by: one.method })))[0];
  $('parcel').hidden = !parcel;
  if (parcel) $('parcel').replaceChildren(`${t('tracking')} `, Object.assign(document.createElement('code'), { textContent: parcel.trackingCode }), ` ${t('by_')} ${parcel.by}`);
  return over;
}

async function follow(order) {
  for (;;) {
    const now = await ask('GET', `/demo/orders/${order.id}`).catch(() => null);
    state.order = now;
    if (now?.state === 'on_hold') {
      $('order-title').textContent = t('held');
      $('order-lede').textContent = now.why ?? '';
    }
    if (now && road(now)) break;
    await new Promise((wait) => setTimeout(wait, 600));
  }
  step('done');
  for (const item of $('steps').children) item.classList.add('done');
  $('order-title').textContent = t('thanks');
  $('order-lede').textContent = t('thanksLede');
  $('again').hidden = false;
}

function again() {
  seen.clear();
  $('stamp').hidden = true;
  $('again').hidden = true;
  $('parcel').hidden = true;
  back();
}

function back() {
  if (state.preview) URL.revokeObjectURL(state.preview.url);
  state.preview = null;
  step('design');
  draw();
  changed();
}

// ---- beginning ----------------------------------------------------------------------------------------------------

function speak(lang) {
  const before = state.lang;
  state.lang = lang;
  document.documentElement.lang = lang;
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const one of ['en', 'fr']) $(`lang-${one}`).setAttribute('aria-pressed', String(one === lang));
  if (!state.config) return;
  $('foot').textContent = t('foot')(state.shop.speed);
  // Words nobody changed follow the language; what a person wrote stays.
  for (const field of state.plan.fields) {
    if (state.values[field.key] === field.words[before]) state.values[field.key] = field.words[lang];
  }
  form();
  sides();
  if (state.step === 'design') changed(); else draw();
  if (state.order && !$('pane-order').hidden) road(state.order);
}

const ICONS = {
  mug: '<path d="M8 9h22v20a5 5 0 0 1-5 5H13a5 5 0 0 1-5-5zM30 14h4a4 4 0 0 1 0 12h-4" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linejoin="round"/>',
  tshirt: '<path d="M15 6c2 4 12 4 14 0l8 4 4 9-6 3-2-3v16H11V19l-2 3-6-3 4-9z" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linejoin="round"/>',
  poster: '<rect x="10" y="4" width="24" height="32" rx="1.5" fill="none" stroke="currentColor" stroke-width="2.4"/><path d="M15 14h14M15 20h14M15 26h9" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/>',
};

async function begin() {
  speak(navigator.language?.startsWith('fr') ? 'fr' : 'en');
  state.shop = await ask('GET', '/demo/shop');
  $('products').replaceChildren(...state.shop.products.map((product) => {
    const button = Object.assign(document.createElement('button'), { type: 'button' });
    button.dataset.id = product.id;
    const icon = svg('svg', { viewBox: '0 0 44 40', 'aria-hidden': 'true' }, ...parsed(ICONS[product.kind] ?? ICONS.poster));
    button.append(icon, product.title.split(',')[0], Object.assign(document.createElement('small'), { textContent: money(product.price) }));
    button.onclick = () => choose(product.id);
    return button;
  }));
  await choose(state.shop.products[0].id);
  $('foot').textContent = t('foot')(state.shop.speed);
}

$('form').onsubmit = (event) => { event.preventDefault(); if (state.judged?.valid) preview(); };
$('approve').onclick = approve;
$('back').onclick = back;
$('again').onclick = again;
$('lang-en').onclick = () => speak('en');
$('lang-fr').onclick = () => speak('fr');
begin().catch((error) => { verdict('bad', error.message || t('broken')); });
