// What a program in TypeScript does with the client that was generated from the document: compiled strictly, then run.
import {
  bulkNotes, createNotes, createPosts, deleteNotes, getJob, getNotes, historyNotes, listNotes, restoreNotes,
  searchEverywhere, searchNotes, undoJob, updateNotes, type Note,
} from './client';
import { client } from './client/client.gen';

declare const process: { argv: string[]; exit(code: number): never };

const [url, token] = process.argv.slice(2);
client.setConfig({ baseUrl: url, auth: (scheme) => (scheme.scheme === 'bearer' ? token : undefined) });

function same(found: unknown, expected: unknown, what: string): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) {
    throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
  }
}

async function main(): Promise<void> {
  const body = { title: 'Water strider', content: 'Seen on the pond.' };
  const headers = { 'Idempotency-Key': 'water strider' };
  const made = await createNotes({ body, headers, throwOnError: true });
  const again = await createNotes({ body, headers, throwOnError: true });
  same([made.response.status, again.data.id], [201, made.data.id], 'create, twice under one key');
  const path = { id: made.data.id };

  const read = await getNotes({ path, query: { expand: ['created_by'] }, throwOnError: true });
  same([read.data.title, read.data.created_by_row?.id], ['Water strider', read.data.created_by], 'read');

  const changed = await updateNotes({
    path, headers: { 'If-Match': '"1"' }, body: { title: 'Backswimmer', is_pinned: true }, throwOnError: true,
  });
  same([changed.data.title, changed.data.version, changed.data.is_pinned], ['Backswimmer', 2, true], 'patch');
  const late = await updateNotes({ path, headers: { 'If-Match': '"1"' }, body: { title: 'Midge' } });
  same(late.error && 'theirs' in late.error ? late.error.theirs : late.error, { title: 'Backswimmer' }, 'stale');

  const second = await createNotes({ body: { title: 'Amphipod', content: 'Under a stone.' }, throwOnError: true });
  const ids = [path.id, second.data.id];
  const listed = await listNotes({
    query: { id__in: ids, sort: ['title', '-id'], fields: ['title', 'is_pinned'], is_pinned__in: [true, false] },
    throwOnError: true,
  });
  same(listed.data.notes.map((note: Note) => note.title), ['Amphipod', 'Backswimmer'], 'list');
  same([listed.data.total, listed.data.has_next], [2, false], 'list');
  const pinned = await listNotes({ query: { id__in: ids, is_pinned: true, cursor: '' }, throwOnError: true });
  same([pinned.data.notes.length, pinned.data.total], [1, null], 'list by cursor');

  const found = await searchNotes({ query: { q: 'backswimmer' }, throwOnError: true });
  same([found.data.count, found.data.notes[0]?.id], [1, path.id], 'search');
  const everywhere = await searchEverywhere({ query: { q: 'backswimmer', per_page: 3 }, throwOnError: true });
  same(everywhere.data.notes?.length, 1, 'search everywhere');

  const tried = await bulkNotes({ body: { ids, action: 'delete', dry_run: true }, throwOnError: true });
  same('changing' in tried.data ? tried.data.changing : tried.data, 2, 'bulk, dry run');
  const begun = await bulkNotes({ body: { filter: { id__in: ids }, set: { content: 'Gone.' } }, throwOnError: true });
  if (!('job' in begun.data)) throw new Error('bulk: no job');
  const job = await getJob({ path: { id: begun.data.job.id }, throwOnError: true });
  same([job.data.state, job.data.done], ['done', 2], 'job');
  const undone = await undoJob({ path: { id: job.data.id }, throwOnError: true });
  same(undone.response.status, 202, 'undo');

  const gone = await deleteNotes({ path, throwOnError: true });
  same(gone.data.message, 'Note deleted successfully', 'delete');
  const missing = await getNotes({ path });
  same([missing.response?.status, missing.error?.code], [404, 'not_found'], 'read what is gone');
  await restoreNotes({ path, throwOnError: true });
  const history = await historyNotes({ path, throwOnError: true });
  same(history.data.history[0]?.action, 'restore', 'history');

  const wrong = await createPosts({ body: { title: ' ', content: 'x' } });
  same([wrong.response?.status, wrong.error && 'fields' in wrong.error && wrong.error.fields],
    [400, { title: ['Title is required'] }], 'error');
  client.setConfig({ auth: () => 'wrong' });
  const stranger = await listNotes();
  same(stranger.response?.status, 401, 'wrong token');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
