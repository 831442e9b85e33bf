import { definePart } from './part.ts';

export const signals = definePart({
  name: 'signals',
  upstream: { flag: 'include_signals', member: 'signals', form: 'either' },
  defaultTtlS: 30,
  schemaName: 'Signals',
  title: 'Engagement signals of the contact',
  description: 'Engagement signals of the contact',
  fieldsExample: 'signalType,signalCount',
  example: [{ signalType: 'email_opened', signalCount: '7', signalLastSeen: '2025-03-19 08:12:00' }],
});
