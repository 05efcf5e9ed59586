interface Node<T> {
  readonly item: T;
  readonly weight: number;
  size: number;
  least: number;
  left: Node<T> | undefined;
  right: Node<T> | undefined;
}

/**
 * A set in order, in which every look and every change takes logarithmic time, whatever its size: a treap whose nodes
 * know how many stand below them. It needs a total order: two items of which neither goes before the other are one.
 */
export class Sorted<T> {
  readonly #goesBefore: (a: T, b: T) => boolean;
  readonly #measure: (item: T) => number;
  #root: Node<T> | undefined;
  #seed = 0x2545f491;

  /** @param measure a number of each item, of which `least` is the smallest */
  constructor(goesBefore: (a: T, b: T) => boolean, measure: (item: T) => number) {
    this.#goesBefore = goesBefore;
    this.#measure = measure;
  }

  get size(): number {
    return this.#root?.size ?? 0;
  }

  /** The smallest measure; Infinity when nobody is there. */
  get least(): number {
    return this.#root?.least ?? Infinity;
  }

  first(): T | undefined {
    let node = this.#root;
    while (node?.left) node = node.left;
    return node?.item;
  }

  /** How many go before an item, be it in the set or not. */
  placeOf(item: T): number {
    let place = 0;
    for (let node = this.#root; node;) {
      if (this.#goesBefore(node.item, item)) {
        place += 1 + (node.left?.size ?? 0);
        node = node.right;
      } else node = node.left;
    }
    return place;
  }

  add(item: T): void {
    this.#root = this.#insert(this.#root, item);
  }

  delete(item: T): void {
    this.#root = this.#remove(this.#root, item);
  }

  *[Symbol.iterator](): Generator<T> {
    const path: Node<T>[] = [];
    for (let node = this.#root; node || path.length > 0;) {
      if (node) {
        path.push(node);
        node = node.left;
        continue;
      }
      const next = path.pop() as Node<T>;
      yield next.item;
      node = next.right;
    }
  }

  #insert(node: Node<T> | undefined, item: T): Node<T> {
    if (!node) {
      return {
        item,
        weight: this.#random(),
        size: 1,
        least: this.#measure(item),
        left: undefined,
        right: undefined,
      };
    }
    if (this.#goesBefore(item, node.item)) {
      node.left = this.#insert(node.left, item);
      return node.left.weight > node.weight ? this.#raiseLeft(node, node.left) : this.#counted(node);
    }
    if (this.#goesBefore(node.item, item)) {
      node.right = this.#insert(node.right, item);
      return node.right.weight > node.weight ? this.#raiseRight(node, node.right) : this.#counted(node);
    }
    return node;
  }

  #remove(node: Node<T> | undefined, item: T): Node<T> | undefined {
    if (!node) return undefined;
    if (this.#goesBefore(item, node.item)) node.left = this.#remove(node.left, item);
    else if (this.#goesBefore(node.item, item)) node.right = this.#remove(node.right, item);
    else return this.#merged(node.left, node.right);
    return this.#counted(node);
  }

  #merged(left: Node<T> | undefined, right: Node<T> | undefined): Node<T> | undefined {
    if (!left) return right;
    if (!right) return left;
    if (left.weight > right.weight) {
      left.right = this.#merged(left.right, right);
      return this.#counted(left);
    }
    right.left = this.#merged(left, right.left);
    return this.#counted(right);
  }

  #raiseLeft(node: Node<T>, left: Node<T>): Node<T> {
    node.left = left.right;
    left.right = this.#counted(node);
    return this.#counted(left);
  }

  #raiseRight(node: Node<T>, right: Node<T>): Node<T> {
    node.right = right.left;
    right.left = this.#counted(node);
    return this.#counted(right);
  }

  #counted(node: Node<T>): Node<T> {
    const { left, right } = node;
    node.size = 1 + (left?.size ?? 0) + (right?.size ?? 0);
    node.least = Math.min(this.#measure(node.item), left?.least ?? Infinity, right?.least ?? Infinity);
    return node;
  }

  /** Marsaglia's xorshift: balance needs only that weights do not follow the order. */
  #random(): number {
    this.#seed ^= this.#seed << 13;
    this.#seed ^= this.#seed >>> 17;
    this.#seed ^= this.#seed << 5;
    return this.#seed;
  }
}
