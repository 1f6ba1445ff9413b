// Takes the pictures of Temporal's Web UI that the docs use, while `npm run demo -- --keep` runs:
//   npx -y -p playwright-core@1.65.1 node dev/screenshots/take.mjs <Web UI address, as the demo prints it> [folder]
// Needs Chromium on this machine: CHROMIUM names it, /usr/bin/chromium if not.
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

const CONSUMER = 'tidemark/flight-delays/';
const LOAD_LIMIT_MS = 60_000;
/** Nothing but the page itself: Chromium calls nobody. */
const QUIET = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
const COLUMNS = ['Status', 'Workflow ID', 'TidemarkConsumer', 'TidemarkStream', 'TidemarkShard', 'TidemarkState'];

/** npx installs into a folder of its own and puts its .bin on PATH; imports do not look there. */
function loadPlaywright() {
  const folders = process.env.PATH.split(path.delimiter).filter((folder) =>
    folder.endsWith(path.join('node_modules', '.bin')),
  );
  return createRequire(path.join(folders[0] ?? '.', '..', 'none.js'))('playwright-core');
}

async function workflows(origin) {
  const answer = await fetch(`${origin}/api/v1/namespaces/default/workflows`);
  const { executions = [] } = await answer.json();
  const found = executions.map(({ execution, status }) => ({ ...execution, isRunning: status.endsWith('RUNNING') }));
  return found.filter(({ workflowId }) => workflowId.startsWith(CONSUMER));
}

function pageOf({ workflowId, runId }, tab) {
  return `/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}/${tab}`;
}

async function planPictures(origin) {
  const all = await workflows(origin);
  const shard = all
    .filter(({ workflowId, isRunning }) => isRunning && workflowId.includes('@'))
    .sort(byId)
    .at(-1);
  if (!shard) throw new Error(`${origin} shows no running consumer: start npm run demo -- --keep`);
  return [
    { name: 'workflows', url: '/namespaces/default/workflows', until: 'READING', width: 1_740, height: 700 },
    { name: 'shard-details', url: pageOf(shard, 'user-metadata'), until: 'Committed', isFramed: true, height: 800 },
    { name: 'shard-timeline', url: pageOf(shard, 'timeline'), until: 'Slice 1', height: 1_000, scrollTo: 'Timeline' },
  ];
}

function byId(a, b) {
  return a.workflowId.localeCompare(b.workflowId);
}

async function take(browser, origin, folder, { name, url, until, isFramed, width = 1_500, height, scrollTo }) {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.addInitScript(
    (labels) =>
      localStorage.setItem(
        'namespace-workflow-table-columns',
        JSON.stringify({ default: labels.map((label) => ({ label })) }),
      ),
    COLUMNS,
  );
  await page.goto(origin + url);
  // The UI renders Markdown in frames; current details are the last one.
  const place = isFramed ? page.frameLocator('iframe').last() : page;
  await place.getByText(until).first().waitFor({ timeout: LOAD_LIMIT_MS });
  if (scrollTo)
    await page
      .getByRole('heading', { name: scrollTo })
      .last()
      .evaluate((element) => element.scrollIntoView());
  await page.screenshot({ path: path.join(folder, `${name}.png`), animations: 'disabled' });
  await page.close();
  console.log(path.join(folder, `${name}.png`));
}

const [address, folder = 'docs/images'] = process.argv.slice(2);
if (!address) throw new Error('usage: take.mjs <Web UI address> [folder]');
const { origin } = new URL(address);
const { chromium } = loadPlaywright();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: QUIET });
try {
  await mkdir(folder, { recursive: true });
  for (const picture of await planPictures(origin)) await take(browser, origin, folder, picture);
} finally {
  await browser.close();
}
