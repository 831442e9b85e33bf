/** A well-formed id that is not in use: the upstream does not find it, and no cached entry has it. */
export const UNUSED_ID = '00000000-0000-4000-8000-000000000000';
