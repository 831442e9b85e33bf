/** A member of at most one list. Only the list sets its links. */
export interface ListNode {
  newer: ListNode | undefined;
  older: ListNode | undefined;
}

/** A doubly linked list of members, ordered by last use. */
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

  /** Moves a member of the list to the newest position. */
  use(member: Member): void {
    if (member === this.#newest) return;
    this.remove(member);
    this.add(member);
  }

  /** Removes a member of the list and clears its links, so that it keeps no other member alive. */
  remove(member: Member): void {
    if (member.newer) member.newer.older = member.older;
    else this.#newest = member.older;
    if (member.older) member.older.newer = member.newer;
    else this.#oldest = member.newer;
    member.newer = undefined;
    member.older = undefined;
  }
}
