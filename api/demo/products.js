// What the shop lets people write, and how its things look. Lengths in millimetres; pictures are drawn here, as SVG.

const text = (zone, key, words, font, box, sizeMm, minSizeMm, more = {}) =>
  ({ zone, key, words, font, box, sizeMm, minSizeMm, fit: 'shrink', ...more });

export const PLANS = {
  mug: {
    color: '#e63946',
    zones: ['left', 'right'],
    fields: [
      text('left', 'name', { en: 'Zoë', fr: 'Zoë' }, 'Lobster', { x: 8, y: 22, w: 69, h: 30 }, 30, 4),
      text('left', 'wish', { en: 'Best Dad ever', fr: 'Meilleur papa' }, 'Dancing Script', { x: 8, y: 54, w: 69, h: 14 }, 11, 4),
      text('right', 'since', { en: 'Since 2014', fr: 'Depuis 2014' }, 'Lobster', { x: 10, y: 30, w: 65, h: 30 }, 16, 4),
    ],
  },
  tshirt: {
    color: '#ffd166',
    zones: ['chest'],
    fields: [
      text('chest', 'name', { en: 'Anaïs', fr: 'Anaïs' }, 'Dancing Script', { x: 15, y: 40, w: 250, h: 110 }, 95, 10),
      text('chest', 'wish', { en: 'est. 1987', fr: 'depuis 1987' }, 'Noto Sans', { x: 55, y: 160, w: 170, h: 32 }, 22, 10),
    ],
  },
  poster: {
    color: '#264653',
    zones: ['face'],
    fields: [
      text('face', 'quote', {
        en: 'To be yourself in a world that is constantly trying to make you something else is the greatest accomplishment',
        fr: 'Être soi-même dans un monde qui essaie sans cesse de faire de vous autre chose est la plus grande des réussites',
      }, 'Dancing Script', { x: 30, y: 50, w: 240, h: 260 }, 60, 8, { fit: 'wrap', long: true }),
      text('face', 'by', { en: 'for Zoë', fr: 'pour Zoë' }, 'Lobster', { x: 60, y: 330, w: 180, h: 30 }, 16, 8),
    ],
  },
};

// A thing nobody planned for: one text in the middle of each zone.
export function planFor(config) {
  const known = PLANS[config.product.kind];
  const zones = config.product.zones;
  if (known && known.zones.every((id) => zones.some((zone) => zone.id === id))) return known;
  const field = (zone) => {
    const w = zone.widthMm, h = zone.heightMm;
    const box = { x: round(w * 0.1), y: round(h * 0.3), w: round(w * 0.8), h: round(h * 0.4) };
    return text(zone.id, zone.id, { en: 'Your words', fr: 'Vos mots' }, 'Noto Sans', box, round(h * 0.2), 4);
  };
  return { color: '#264653', zones: zones.map((zone) => zone.id), fields: zones.map(field) };
}

const round = (mm) => Math.max(1, Math.round(mm));

// Each thing: its picture around the printed area, and where that area stands in it (`at`, of a 600 × 520 drawing).
export const SCENES = {
  mug: (side) => {
    const flip = side === 1 ? 'translate(600 0) scale(-1 1)' : '';
    return {
      at: { x: 158, y: 112, w: 272, h: 288 },
      back: `
        <ellipse cx="300" cy="462" rx="200" ry="22" fill="url(#floor)"/>
        <g transform="${flip}">
          <path d="M452 168 C560 150 574 352 446 350 L446 318 C520 316 512 192 452 204 Z" fill="url(#handle)"/>
          <path d="M460 186 C536 176 546 332 456 334" fill="none" stroke="#fff" stroke-opacity=".55" stroke-width="5" stroke-linecap="round"/>
        </g>
        <path d="M132 86 L142 424 C144 452 210 468 300 468 C390 468 456 452 458 424 L468 86 Z" fill="url(#china)"/>`,
      front: `
        <path d="M132 86 L142 424 C144 452 210 468 300 468 C390 468 456 452 458 424 L468 86 Z" fill="url(#round)"/>
        <path d="M168 110 C164 220 168 330 176 420" fill="none" stroke="#fff" stroke-opacity=".75" stroke-width="9" stroke-linecap="round"/>
        <ellipse cx="300" cy="86" rx="168" ry="26" fill="#fff"/>
        <ellipse cx="300" cy="86" rx="168" ry="26" fill="none" stroke="#d9cfc2" stroke-width="2"/>
        <ellipse cx="300" cy="89" rx="153" ry="20" fill="url(#coffee)"/>
        <g class="steam" fill="none" stroke="#c9b8a4" stroke-width="5" stroke-linecap="round">
          <path d="M258 60 c-14 -16 14 -24 0 -42"/><path d="M300 54 c-14 -18 14 -28 0 -48"/><path d="M342 60 c-14 -16 14 -24 0 -42"/>
        </g>`,
    };
  },
  tshirt: () => ({
    at: { x: 196, y: 128, w: 208, h: 260 },
    back: `
      <ellipse cx="300" cy="500" rx="190" ry="14" fill="url(#floor)"/>
      <path d="M214 40 C240 74 360 74 386 40 L452 66 C488 84 520 140 546 196 L476 234 L448 190 C446 300 452 400 456 486 C380 500 220 500 144 486 C148 400 154 300 152 190 L124 234 L54 196 C80 140 112 84 148 66 Z" fill="url(#cotton)"/>
      <path d="M214 40 C240 74 360 74 386 40 C372 92 228 92 214 40 Z" fill="#0d0f14"/>
      <path d="M206 44 C232 94 368 94 394 44" fill="none" stroke="#3a3f4d" stroke-width="5"/>`,
    front: `
      <g fill="none" stroke="#000" stroke-opacity=".28" stroke-width="7" stroke-linecap="round">
        <path d="M152 196 C164 250 160 330 152 420"/><path d="M448 196 C436 250 440 330 448 420"/>
      </g>
      <g fill="none" stroke="#fff" stroke-opacity=".05" stroke-width="12" stroke-linecap="round">
        <path d="M196 180 C186 280 190 380 184 470"/><path d="M410 170 C424 290 414 390 420 470"/>
      </g>`,
  }),
  poster: () => ({
    at: { x: 142, y: 40, w: 316, h: 421.3 },
    back: `
      <rect x="128" y="34" width="352" height="452" fill="#000" opacity=".16" filter="url(#soft)"/>
      <rect x="122" y="20" width="356" height="461" rx="3" fill="url(#wood)"/>
      <rect x="134" y="32" width="332" height="437" fill="#fdf6e3"/>`,
    front: `
      <rect x="134" y="32" width="332" height="437" fill="url(#glass)"/>
      <rect x="133" y="31" width="334" height="439" fill="none" stroke="#000" stroke-opacity=".25" stroke-width="2"/>`,
  }),
  thing: () => ({
    at: { x: 100, y: 60, w: 400, h: 400 },
    back: '<rect x="90" y="50" width="420" height="420" rx="8" fill="#fff" stroke="#d9cfc2"/>',
    front: '',
  }),
};

export const DEFS = `
  <linearGradient id="china" x1="0" x2="1"><stop offset="0" stop-color="#efe7dc"/><stop offset=".3" stop-color="#ffffff"/><stop offset="1" stop-color="#f3ebe0"/></linearGradient>
  <linearGradient id="round" x1="0" x2="1"><stop offset="0" stop-color="#6b5844" stop-opacity=".42"/><stop offset=".16" stop-color="#6b5844" stop-opacity=".08"/><stop offset=".4" stop-color="#fff" stop-opacity=".06"/><stop offset=".78" stop-color="#6b5844" stop-opacity=".06"/><stop offset="1" stop-color="#4c3c2c" stop-opacity=".46"/></linearGradient>
  <linearGradient id="handle" x1="0" x2="1"><stop offset="0" stop-color="#cdbfae"/><stop offset=".6" stop-color="#f8f2ea"/><stop offset="1" stop-color="#c4b5a2"/></linearGradient>
  <radialGradient id="coffee"><stop offset="0" stop-color="#5b3a26"/><stop offset=".8" stop-color="#3b2417"/><stop offset="1" stop-color="#2b190f"/></radialGradient>
  <radialGradient id="floor"><stop offset="0" stop-color="#3b2c1d" stop-opacity=".38"/><stop offset="1" stop-color="#3b2c1d" stop-opacity="0"/></radialGradient>
  <linearGradient id="cotton" x1="0" x2="1" y2=".3"><stop offset="0" stop-color="#171a21"/><stop offset=".5" stop-color="#232733"/><stop offset="1" stop-color="#14161c"/></linearGradient>
  <linearGradient id="wood" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#7a4f2e"/><stop offset=".5" stop-color="#a06f45"/><stop offset="1" stop-color="#6b4426"/></linearGradient>
  <linearGradient id="glass" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#fff" stop-opacity=".3"/><stop offset=".35" stop-color="#fff" stop-opacity="0"/></linearGradient>
  <filter id="soft" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="14"/></filter>`;
