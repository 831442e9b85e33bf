import { createHash } from 'node:crypto';
import { dataServer } from '../../src/sandbox/data-server.ts';
import { makeContact } from '../../src/sandbox/people.ts';
import { randomFrom } from '../../src/sandbox/random.ts';
import { readSettings } from '../../src/sandbox/settings.ts';
import { makeState } from '../../src/sandbox/state.ts';
import { ORGANIZATIONS } from '../../src/sandbox/world.ts';
import type { ContactRecord } from '../../src/sandbox/records.ts';
import { announce } from './peers/peer.ts';

/** Pads a response to 1.3 KB, the size in the measurements. */
const CUSTOM_FIELDS = JSON.stringify({
  industry: 'Technology',
  background: 'Came by a recommendation of a long-standing customer and asks for references. '.repeat(6),
});

/** An unlimited number of contacts, generated from their ids and visible to every member. */
class EndlessContacts extends Map<string, ContactRecord> {
  override get(id: string): ContactRecord {
    const seed = createHash('sha256').update(id).digest().readInt32LE();
    const record = makeContact(randomFrom(seed), ORGANIZATIONS[0]!);
    const contact = { ...record.contact, contact_id: id, contact_custom_fields: CUSTOM_FIELDS };
    return { ...record, hidden: false, contact };
  }
}

/** Starts the sandbox with an unlimited number of contacts. */
const settings = readSettings(process.env);
const state = makeState(settings.world, settings.faults);
state.world = { ...state.world, contacts: new EndlessContacts() };
const server = dataServer(state);
server.listen(0, '127.0.0.1', () => announce(server));
