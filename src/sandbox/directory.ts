import { ORGANIZATIONS, type World } from './world.ts';
import type { ContactRecord } from './records.ts';

const SAMPLES = 20;

/** Lists the accounts, the organizations with their members, and sample contacts. Contains no secrets. */
export function directory(world: World): object {
  return {
    accounts: world.accounts.map(({ name, active, orgs }) => ({ name, active, orgs })),
    organizations: ORGANIZATIONS.map((org) => {
      const records = [...world.contacts.values()].filter((record) => record.org === org.id);
      const open = records.filter((record) => !record.hidden);
      const idsWhere = (holds: (record: ContactRecord) => boolean) =>
        open.filter(holds).slice(0, SAMPLES).map(idOf);
      const hidden = records.find((record) => record.hidden);
      const withPrivateNote = open.find((record) => privateNoteOf(record));
      return {
        ...org,
        contactCount: records.length,
        samples: {
          complete: idsWhere((one) => Boolean(publicNoteOf(one) && one.entity && one.profile && one.signals)),
          withoutNotes: idsWhere((one) => one.notes?.length === 0),
          withoutEntity: idsWhere((one) => one.entity === null),
          withoutProfile: idsWhere((one) => one.profile === null),
          withoutSignals: idsWhere((one) => one.signals === null),
        },
        hiddenContact: hidden && { id: idOf(hidden), owner: hidden.contact['contact_owner'] },
        privateNote: withPrivateNote && { id: idOf(withPrivateNote), ...privateNoteOf(withPrivateNote) },
      };
    }),
  };
}

function idOf(record: ContactRecord): string {
  return String(record.contact['contact_id']);
}

function privateNoteOf(record: ContactRecord): object | undefined {
  return record.notes?.find((note) => note.private === true);
}

function publicNoteOf(record: ContactRecord): object | undefined {
  return record.notes?.find((note) => note.private === false);
}
