// Previews side by side: ours (from the spec), sharp and resvg-js (from the finished SVG), in turns of five in a row, in one run. On Linux:
// for the previews of one core, ours is held to one with taskset.
//
//   cargo build --release -p platen-press --example measure
//   (cd bench/previews && npm install --no-package-lock)
//   node bench/previews/previews.mjs target/release/examples/measure [rounds]
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Resvg } from '@resvg/resvg-js';
import sharp from 'sharp';

const [program, rounds = '25'] = process.argv.slice(2);
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const work = mkdtempSync(join(tmpdir(), 'previews-'));
sharp.cache(false);

function started(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (line) => {
    child.stdin.write(`${line}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`no answer to ${line}`);
    return JSON.parse(value);
  };
  return [child, ask];
}
const [ours, ask] = started(program, []);

const text = (words, font, color, size, box) =>
  ({ zone: 'a', type: 'text', text: words, font, color, sizeMm: size, minSizeMm: 2, fit: 'shrink', align: 'center', box,
     effect: { kind: 'outline', color: '#ffffff', widthMm: 1 } });
const design = (id, widthMm, heightMm, background, layers) =>
  ({ specVersion: '1.0.0', product: { id, kind: 'mug', templateVersion: 1, zones: [{ id: 'a', widthMm, heightMm, bleedMm: 0, background }] }, layers });
copyFileSync(join(root, 'fixtures/specs/assets/gradient-photo.jpg'), join(work, 'photo.jpg'));
const DESIGNS = {
  'text 1000×1000': [design('t', 80, 80, '#fdf6e3', [
    { zone: 'a', type: 'shape', shape: 'ellipse', color: '#f4a261', box: { x: 10, y: 10, w: 60, h: 60 } },
    text('Zoë & Łukasz', 'Lobster', '#1d3557', 20, { x: 4, y: 25, w: 72, h: 30 })]), 1000],
  'photo 1000×1000': [design('p', 80, 80, '#ffffff', [
    { zone: 'a', type: 'image', href: 'photo.jpg', box: { x: 4, y: 4, w: 72, h: 48 } },
    text('Since 2014', 'Noto Sans', '#1d3557', 10, { x: 4, y: 55, w: 72, h: 20 })]), 1000],
  'text 4500×5400': [design('s', 381, 457.2, '#fdf6e3', [
    { zone: 'a', type: 'shape', shape: 'ellipse', color: '#f4a261', box: { x: 50, y: 80, w: 280, h: 280 } },
    text('Zoë & Łukasz', 'Lobster', '#1d3557', 90, { x: 20, y: 150, w: 340, h: 140 })]), 4500],
};

const median = (values) => values.slice().sort((a, b) => a - b)[Math.floor(values.length / 2)];
const at = (values, share) => values.slice().sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const ms = (ns) => (ns / 1e6).toFixed(2);

async function timed(n, draw) {
  const ns = [];
  let bytes = 0;
  for (let run = 0; run < n; run++) {
    const began = process.hrtime.bigint();
    bytes = (await draw()).length;
    ns.push(Number(process.hrtime.bigint() - began));
  }
  return [ns, bytes];
}

for (const [name, [spec, px]] of Object.entries(DESIGNS)) {
  const file = join(work, `${spec.product.id}.json`);
  writeFileSync(file, JSON.stringify(spec));
  await ask(`svg ${file} ${file}.svg`);
  // In pixels instead of millimetres, so that everybody draws the same number of them.
  const zone = spec.product.zones[0];
  const height = Math.round((px * zone.heightMm) / zone.widthMm);
  const text = readFileSync(`${file}.svg`, 'utf8').replace(/width="[^"]*" height="[^"]*"/, `width="${px}" height="${height}"`);
  const svg = Buffer.from(text);
  writeFileSync(`${file}.svg`, svg);
  const drawn = await sharp(svg, { limitInputPixels: false }).png().toBuffer({ resolveWithObject: true });
  if (drawn.info.width !== px || drawn.info.height !== height) throw new Error(`sharp drew ${drawn.info.width} × ${drawn.info.height}`);
  const contenders = {
    ours: async (n) => {
      const { ns, bytes } = await ask(px > 4000 ? `print ${file} ${n}` : `preview ${file} ${px} ${n}`);
      return [ns, bytes];
    },
    sharp: (n) => timed(n, () => sharp(svg, { limitInputPixels: false }).png().toBuffer()),
    'resvg-js': (n) => timed(n, () => new Resvg(svg, { fitTo: { mode: 'width', value: px }, font: { loadSystemFonts: false } }).render().asPng()),
  };
  const times = Object.fromEntries(Object.keys(contenders).map((key) => [key, []]));
  const bytes = {};
  const inARow = px > 4000 ? 1 : 5;
  for (let round = -2; round < Number(rounds); round++) {
    const order = Object.keys(contenders).sort(() => Math.random() - 0.5);
    for (const key of order) {
      const [ns, length] = await contenders[key](inARow);
      if (round >= 0) times[key].push(...ns);
      bytes[key] = length;
    }
  }
  for (const key of Object.keys(contenders)) {
    const ratio = median(times[key]) / median(times.ours);
    console.log(`| ${name} | ${key} | ${ms(median(times[key]))} | ${ms(at(times[key], 0.95))} | ${ratio.toFixed(1)} | ${bytes[key]} |`);
  }
  if (px > 4000) console.log(`memory after it: ${((await ask('memory')).kb / 1024).toFixed(1)} MB`);
}

// One core each: previews of the text design in two seconds, in turns.
const [pinned, askPinned] = started('taskset', ['-c', '0', program]);
const file = join(work, 't.json');
const svg = readFileSync(`${file}.svg`);
sharp.concurrency(1);
const rates = { ours: [], sharp: [] };
for (let round = 0; round < 5; round++) {
  rates.ours.push((await askPinned(`many ${file} 1000 2 1`)).count / 2);
  let count = 0;
  const until = Date.now() + 2000;
  while (Date.now() < until) {
    await sharp(svg).png().toBuffer();
    count += 1;
  }
  rates.sharp.push(count / 2);
}
console.log(`previews a second on one core: ours ${median(rates.ours)}, sharp ${median(rates.sharp)}, ratio ${(median(rates.ours) / median(rates.sharp)).toFixed(1)}`);
pinned.stdin.end();
ours.stdin.end();
