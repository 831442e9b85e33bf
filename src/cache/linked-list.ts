/** A member of one list at most; the places beside it are the list's to set. */
export interface ListNode {
  newer: ListNode | undefined;
  older: ListNode | undefined;
}

/** Members by when they were last used, each of which knows its place. */
export class LinkedList<Member extends ListNode> {
  #newest: ListNode | undefined;
  #oldest: ListNode | undefined;

  get oldest(): Member | undefined {
    return this.#oldest as Member | undefined;
  }

  add(member: Member): void {
    member.newer = undefined;
    member.older = this.#newest;
    if (this.#newest) this.#newest.newer = member;
    else this.#oldest = member;
    this.#newest = member;
  }

  /** Of a member of the list. */
  use(member: Member): void {
    if (member === this.#newest) return;
    this.remove(member);
    this.add(member);
  }

  /** Of a member of the list, which keeps nothing alive afterwards. */
  remove(member: Member): void {
    if (member.newer) member.newer.older = member.older;
    else this.#newest = member.older;
    if (member.older) member.older.newer = member.newer;
    else this.#oldest = member.newer;
    member.newer = undefined;
    member.older = undefined;
  }

  clear(): void {
    this.#newest = undefined;
    this.#oldest = undefined;
  }
}
