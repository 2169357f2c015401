// Previews side by side: ours (from the spec), sharp and resvg-js (from the finished SVG), in turns, in one run.
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

const ours = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: ours.stdout })[Symbol.asyncIterator]();
async function ask(line) {
  ours.stdin.write(`${line}\n`);
  const { value, done } = await lines.next();
  if (done) throw new Error(`no answer to ${line}`);
  return JSON.parse(value);
}

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
    ours: async () => {
      const { ns, bytes } = await ask(px > 4000 ? `print ${file} 1` : `preview ${file} ${px} 1`);
      return [ns[0], bytes];
    },
    sharp: async () => {
      const began = process.hrtime.bigint();
      const png = await sharp(svg, { limitInputPixels: false }).png().toBuffer();
      return [Number(process.hrtime.bigint() - began), png.length];
    },
    'resvg-js': async () => {
      const began = process.hrtime.bigint();
      const png = new Resvg(svg, { fitTo: { mode: 'width', value: px }, font: { loadSystemFonts: false } }).render().asPng();
      return [Number(process.hrtime.bigint() - began), png.length];
    },
  };
  const times = Object.fromEntries(Object.keys(contenders).map((key) => [key, []]));
  const bytes = {};
  const n = px > 4000 ? Math.ceil(Number(rounds) / 3) : Number(rounds);
  for (let round = -2; round < n; round++) {
    const order = Object.keys(contenders).sort(() => Math.random() - 0.5);
    for (const key of order) {
      const [ns, length] = await contenders[key]();
      if (round >= 0) times[key].push(ns);
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
const file = join(work, 't.json');
const svg = readFileSync(`${file}.svg`);
sharp.concurrency(1);
const rates = { ours: [], sharp: [] };
for (let round = 0; round < 5; round++) {
  rates.ours.push((await ask(`many ${file} 1000 2 1`)).count / 2);
  let count = 0;
  const until = Date.now() + 2000;
  while (Date.now() < until) {
    await sharp(svg).png().toBuffer();
    count += 1;
  }
  rates.sharp.push(count / 2);
}
console.log(`previews a second on one thread: ours ${median(rates.ours)}, sharp ${median(rates.sharp)}, ratio ${(median(rates.ours) / median(rates.sharp)).toFixed(1)}`);
ours.stdin.end();
