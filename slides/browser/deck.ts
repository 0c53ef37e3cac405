/**
 * What runs inside a deck: draws figures when their slide is first seen, lights lines, opens the
 * speaker's window. It stands in the file as a script of its own, so it imports nothing.
 */
(() => {
  const { Reveal, RevealSearch, Plotly } = window as any;
  const data = document.getElementById('figures')?.textContent;
  const figures: { data: object[]; layout: object; zoom: number }[] = data ? JSON.parse(data) : [];
  const root = document.documentElement;

  const theme = new URLSearchParams(location.search).get('theme') ?? remembered();
  root.classList.toggle('dark', theme === 'dark');

  function remembered(): string | null {
    try {
      return localStorage.getItem('slides-theme');
    } catch {
      return null; // some browsers keep no storage for files
    }
  }

  function turnLight(): void {
    const dark = root.classList.toggle('dark');
    try {
      localStorage.setItem('slides-theme', dark ? 'dark' : 'light');
    } catch {}
    show();
  }

  /** Draws the figures of a slide that is on the screen: in a hidden one Plotly cannot measure. */
  async function draw(slide: Element): Promise<void> {
    const places = [...slide.querySelectorAll<HTMLElement>('.plot:not([data-drawn])')];
    await Promise.all(
      places.map(async (place) => {
        place.dataset.drawn = 'begun';
        const { data, layout, zoom } = figures[Number(place.dataset.figure)];
        const inside = document.createElement('div');
        inside.style.transform = `scale(${zoom})`;
        place.append(inside);
        await Plotly.newPlot(inside, data, layout, {
          displaylogo: false,
          displayModeBar: false,
        });
        // What WebGL has drawn does not reach the paper: a picture of it does.
        if (isPrint && inside.querySelector('canvas')) {
          const picture = new Image();
          picture.src = await Plotly.toImage(inside, { format: 'png', scale: 2 * zoom });
          await picture.decode();
          picture.width = inside.clientWidth;
          inside.replaceChildren(picture);
        }
        place.dataset.drawn = 'done';
      }),
    );
  }

  const indexOf = (fragment: HTMLElement) => Number(fragment.dataset.fragmentIndex);

  /** Lights the lines of the step that was shown last; all of them when the slide has gone on. */
  function light(slide: Element): void {
    const shown = [...slide.querySelectorAll<HTMLElement>('.fragment.visible')].map(indexOf);
    const latest = Math.max(-1, ...shown);
    for (const block of slide.querySelectorAll('.block.code')) {
      const steps = [...block.querySelectorAll<HTMLElement>('.step')];
      const current = steps.filter((step) => step.classList.contains('visible')).pop();
      const [from, to] = current?.dataset.lines?.split('-').map(Number) ?? [0, -1];
      const stepping = current !== undefined && indexOf(current) === latest && !isPrint;
      block.classList.toggle('stepping', stepping);
      for (const [i, line] of block.querySelectorAll('.line').entries()) {
        line.classList.toggle('lit', stepping && i >= from && i <= to);
      }
    }
  }

  const isPrint = /[?&](view=print|print-pdf)/i.test(location.search);

  function show(): void {
    const slide = Reveal.getCurrentSlide();
    if (!slide) return;
    light(slide);
    void draw(slide).then(showSpeaker);
    showSpeaker();
  }

  const pages = [...document.querySelectorAll<HTMLElement>('section.page')];
  const isBehind = (page: Element | undefined) =>
    page?.getAttribute('data-visibility') === 'uncounted';
  /** The talk, or, when a page of the backup is shown, the backup. */
  const around = (page: HTMLElement) => pages.filter((one) => isBehind(one) === isBehind(page));

  const overview = document.querySelector<HTMLElement>('.overview');
  const isOverview = () => overview?.hidden === false;

  function toggleOverview(): void {
    if (!overview) return;
    overview.hidden = !overview.hidden;
    if (overview.hidden) return;
    const current = `#/${Reveal.getCurrentSlide().id}`;
    const links = [...overview.querySelectorAll<HTMLElement>('a')];
    for (const link of links) {
      const isCurrent = link.getAttribute('href') === current;
      if (isCurrent) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    }
    const here = links.find((link) => link.hasAttribute('aria-current')) ?? links[0];
    here?.focus();
    here?.scrollIntoView({ block: 'center' });
  }

  /** In the overview the arrows go from link to link, up and down to the nearest in the next row. */
  function overviewKey(event: KeyboardEvent): void {
    if (!isOverview()) return;
    event.stopImmediatePropagation();
    if (/^(Escape|o)$/i.test(event.key)) {
      event.preventDefault();
      toggleOverview();
    }
    if (isOverview() && event.key.startsWith('Arrow')) {
      event.preventDefault();
      step(event.key);
    }
  }

  function step(key: string): void {
    if (!overview) return;
    const links = [...overview.querySelectorAll<HTMLElement>('a')];
    const boxes = links.map((link) => link.getBoundingClientRect());
    const at = links.indexOf(document.activeElement as HTMLElement);
    const here = boxes[Math.max(0, at)];
    let next = at + (key === 'ArrowRight' ? 1 : -1);
    if (key === 'ArrowUp' || key === 'ArrowDown') {
      const sign = key === 'ArrowDown' ? 1 : -1;
      const away = (box: DOMRect) => sign * (box.top - here.top);
      const rows = boxes.map(away).filter((distance) => distance > 4);
      const row = Math.min(...rows);
      const sideways = (i: number) => Math.abs(boxes[i].left - here.left);
      const inRow = links.map((_, i) => i).filter((i) => Math.abs(away(boxes[i]) - row) < 4);
      next = inRow.sort((a, b) => sideways(a) - sideways(b))[0] ?? at;
    }
    links[next]?.focus();
  }
  window.addEventListener('keydown', overviewKey, true);
  overview?.addEventListener('click', (event) => {
    if ((event.target as Element).closest('a')) toggleOverview();
  });

  let speaker: Window | null = null;
  let started = Date.now();

  /** The speaker's window is filled from here, so that it needs no script and no address. */
  function openSpeaker(): void {
    speaker = window.open('', 'speaker', 'width=1200,height=800');
    if (!speaker) return;
    const { document: other } = speaker;
    other.title = `Speaker: ${document.title}`;
    other.body.className = 'speaker';
    other.body.innerHTML =
      '<div class="view now"></div><div class="aside"><div class="view next"></div>' +
      '<div class="time"><span class="timer"></span><span class="clock"></span></div>' +
      '<div><button type="button">Timer to 0</button> <span class="where"></span></div></div>' +
      '<div class="words" tabindex="0" aria-label="Notes"></div>';
    other.querySelector('button')?.addEventListener('click', () => {
      started = Date.now();
      tick();
    });
    other.onkeydown = (event) => {
      if (['ArrowRight', 'ArrowDown', 'PageDown', ' ', 'n'].includes(event.key)) Reveal.next();
      else if (['ArrowLeft', 'ArrowUp', 'PageUp', 'p'].includes(event.key)) Reveal.prev();
      else return;
      event.preventDefault();
    };
    started = Date.now();
    speaker.onresize = showSpeaker;
    tick();
    showSpeaker();
  }

  function tick(): void {
    if (!speaker || speaker.closed) return;
    const [timer, clock] = speaker.document.querySelectorAll('.time span');
    const seconds = Math.floor((Date.now() - started) / 1000);
    const two = (n: number) => String(n).padStart(2, '0');
    timer.textContent = `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
    const now = new Date();
    clock.textContent = `${two(now.getHours())}:${two(now.getMinutes())}`;
  }
  setInterval(tick, 500);

  function showSpeaker(): void {
    if (!speaker || speaker.closed) return;
    const { document: other } = speaker;
    const current: HTMLElement = Reveal.getCurrentSlide();
    const slides = around(current);
    const at = slides.indexOf(current);
    other.documentElement.className = root.className;
    dress(other);
    picture(other.querySelector('.now'), current);
    picture(other.querySelector('.next'), slides[at + 1]);
    const words = other.querySelector('.words');
    if (words) words.innerHTML = current.querySelector('aside.notes')?.innerHTML ?? '';
    const where = other.querySelector('.where');
    if (where)
      where.textContent = `${isBehind(current) ? 'backup ' : ''}${at + 1} of ${slides.length}`;
  }

  let dressed = 0;

  /** Rule by rule, as Plotly adds its own to a sheet without text. */
  function dress(other: Document): void {
    const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
    if (rules.length === dressed && other.head.childElementCount > 1) return;
    dressed = rules.length;
    const style = other.createElement('style');
    style.textContent = rules.map(({ cssText }) => cssText).join('\n');
    other.head.querySelector('style')?.remove();
    other.head.append(style);
  }

  /** A copy of a slide as it stands; a figure not drawn yet is said in words. */
  function picture(place: HTMLElement | null, slide: HTMLElement | undefined): void {
    if (!place) return;
    place.innerHTML = '<div class="reveal"><div class="slides"></div></div>';
    if (!slide) return;
    const copy = place.ownerDocument.importNode(slide, true) as HTMLElement;
    copy.removeAttribute('hidden');
    copy.removeAttribute('aria-hidden');
    copy.style.cssText = '';
    copy.classList.add('present');
    // Nor is what WebGL has drawn copied.
    const missing = '.plot:not([data-drawn="done"]), .plot:has(canvas)';
    for (const plot of copy.querySelectorAll<HTMLElement>(missing)) {
      plot.textContent = plot.getAttribute('aria-label');
    }
    place.querySelector('.slides')?.append(copy);
    const [deck] = place.children;
    (deck as HTMLElement).style.transform = `scale(${place.clientWidth / 1280})`;
  }

  Reveal.on('slidechanged', show);
  Reveal.on('fragmentshown', show);
  Reveal.on('fragmenthidden', show);
  // Going on at the end of the talk does not lead into the backup: a link does.
  Reveal.on('beforeslidechange', (event: any) => {
    const [from, to] = [pages[Reveal.getIndices().h], pages[event.indexh]];
    const linked = location.hash.slice(2).split('/')[0] === to?.id;
    if (
      isBehind(from) !== isBehind(to) &&
      Math.abs(pages.indexOf(to) - pages.indexOf(from)) === 1
    ) {
      if (!linked) event.preventDefault();
    }
  });
  Reveal.on('pdf-ready', async () => {
    for (const slide of document.querySelectorAll('section.page')) await draw(slide);
    root.dataset.print = 'ready';
  });

  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    minScale: 0.05,
    maxScale: 10,
    center: false,
    hash: true,
    navigationMode: 'linear',
    overview: false,
    transition: 'none',
    backgroundTransition: 'none',
    pdfSeparateFragments: false,
    pdfMaxPagesPerSlide: 1,
    plugins: [RevealSearch],
  }).then(() => {
    // "application" would take the keys of a screen reader away: this is a document.
    for (const place of document.querySelectorAll('[role="application"]'))
      place.removeAttribute('role');
    Reveal.addKeyBinding({ keyCode: 83, key: 'S', description: 'Speaker view' }, openSpeaker);
    Reveal.addKeyBinding({ keyCode: 79, key: 'O', description: 'Overview' }, toggleOverview);
    Reveal.addKeyBinding({ keyCode: 27, key: 'Esc', description: 'Overview' }, () => {
      if (document.querySelector('.r-overlay-help')) Reveal.toggleHelp(false);
      else toggleOverview();
    });
    Reveal.addKeyBinding({ keyCode: 68, key: 'D', description: 'Dark or light' }, turnLight);
    if (!isPrint) show();
    root.dataset.ready = 'true';
  });
})();
