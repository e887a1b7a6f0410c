// FormData for scripts: the web's, and what k6's own library of that name has: files of http.file(), `boundary` and body().
// Evaluates to (native) => ({ FormData, parseForm, bodyOf, ... }), with all of blob.js; native: Host, encode and decode (see blob.js),
// blobs, which is what blob.js has made, and boundary(), which returns a text that no form holds.
((native) => {
  'use strict';

  const { Host, blobs: { File, isBlob, isFile, fileOf } } = native;
  const { decode } = native;
  const encode = (text) => new Uint8Array(native.encode(text));
  const textOf = (value) => decode(encode(String(value)));  // without halves of surrogates
  const isData = (data) => typeof data === 'string' || data instanceof ArrayBuffer || ArrayBuffer.isView(data) || Array.isArray(data);

  // A file as http.file() makes it, or an object of that form.
  const isFileData = (value) => typeof value === 'object' && value !== null && !isBlob(value) && isData(value.data);
  const fileOfData = ({ data, filename, content_type: type }) =>
    new File([Array.isArray(data) ? Uint8Array.from(data) : data], textOf(filename || 'blob'), { type: type || 'application/octet-stream' });

  const entryOf = (what, name, value, rest) => {
    if (rest.length > 0 && !isBlob(value)) throw new TypeError(`${what}: a filename is for a Blob or a File only`);
    if (isFileData(value)) return { name: textOf(name), value: fileOfData(value), named: Boolean(value.filename) };
    if (!isBlob(value)) return { name: textOf(name), value: textOf(value) };
    const filename = rest.length > 0 ? textOf(rest[0]) : undefined;
    return { name: textOf(name), value: isFile(value) && filename === undefined ? value : fileOf(value, filename), named: true };
  };

  const lines = (text) => text.replace(/\r\n|\r|\n/g, '\r\n');
  const quoted = (text) => `"${text.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22')}"`;
  const headOf = ({ name, value, named }) => {
    const disposition = `Content-Disposition: form-data; name=${quoted(lines(name))}`;
    if (typeof value === 'string') return `${disposition}\r\n\r\n`;
    const filename = named ? `; filename=${quoted(value.name)}` : '';
    return `${disposition}${filename}\r\nContent-Type: ${value.type || 'application/octet-stream'}\r\n\r\n`;
  };

  class FormData extends Host {
    #entries = [];
    #boundary;
    constructor(form) {
      super();
      if (form !== undefined) throw new TypeError('FormData: there are no forms of pages here: leave out the argument, and append()');
    }
    append(name, value, ...rest) {
      if (arguments.length < 2) throw new TypeError('append(): a name and a value are expected');
      this.#entries.push(entryOf('append()', name, value, rest));
    }
    set(name, value, ...rest) {
      if (arguments.length < 2) throw new TypeError('set(): a name and a value are expected');
      const entry = entryOf('set()', name, value, rest);
      const first = this.#entries.findIndex((each) => each.name === entry.name);
      if (first < 0) {
        this.#entries.push(entry);
      } else {
        this.#entries[first] = entry;
        this.#entries = this.#entries.filter((each, i) => i <= first || each.name !== entry.name);
      }
    }
    delete(name) {
      const key = textOf(name);
      this.#entries = this.#entries.filter((each) => each.name !== key);
    }
    get(name) {
      const key = textOf(name);
      return this.#entries.find((each) => each.name === key)?.value ?? null;
    }
    getAll(name) {
      const key = textOf(name);
      return this.#entries.filter((each) => each.name === key).map(({ value }) => value);
    }
    has(name) { return this.get(name) !== null; }
    forEach(callback, self) {
      for (const [name, value] of this) callback.call(self, value, name, this);
    }
    *entries() {
      for (let i = 0; i < this.#entries.length; ++i) yield [this.#entries[i].name, this.#entries[i].value];
    }
    *keys() { for (const [name] of this.entries()) yield name; }
    *values() { for (const [, value] of this.entries()) yield value; }
    [Symbol.iterator]() { return this.entries(); }

    get boundary() { return (this.#boundary ??= native.boundary()); }
    // The form as a request sends it whose Content-Type is `multipart/form-data; boundary=${boundary}`.
    body() {
      const parts = this.#entries.map((entry) => [
        encode(`--${this.boundary}\r\n${headOf(entry)}`),
        typeof entry.value === 'string' ? encode(lines(entry.value)) : entry.value.content(),
        encode('\r\n'),
      ]).flat();
      parts.push(encode(`--${this.boundary}--\r\n`));
      const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
      return bytes.buffer;
    }
    get [Symbol.toStringTag]() { return 'FormData'; }
    static is(value) { return typeof value === 'object' && value !== null && #entries in value; }
  }
  const isForm = FormData.is;
  delete FormData.is;
  Object.setPrototypeOf(FormData.prototype, Object.prototype);

  // Where `wanted` begins in `bytes`; -1: nowhere from `from` on.
  const find = (bytes, wanted, from) => {
    for (let at = bytes.indexOf(wanted[0], from); at >= 0 && at + wanted.length <= bytes.length; at = bytes.indexOf(wanted[0], at + 1)) {
      if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
    }
    return -1;
  };
  const invalid = (why) => { throw new TypeError(`formData(): the body is not the form that its Content-Type says: ${why}`); };
  const unquoted = (text) => text.replace(/%0A/gi, '\n').replace(/%0D/gi, '\r').replace(/%22/g, '"');
  const entryOfPart = (head, bytes) => {
    const fields = new Map(head.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, Math.max(colon, 0)).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }));
    const disposition = fields.get('content-disposition') ?? '';
    const name = /^form-data\s*;(?:.*;)?\s*name="([^"]*)"/i.exec(disposition)?.[1];
    if (name === undefined) invalid('a part has no name');
    const filename = /;\s*filename="([^"]*)"/i.exec(disposition)?.[1];
    return filename === undefined
      ? [unquoted(name), decode(bytes)]
      : [unquoted(name), new File([bytes], unquoted(filename), { type: fields.get('content-type') ?? 'text/plain' })];
  };
  const parseMultipart = (bytes, boundary) => {
    const form = new FormData();
    const dashes = encode(`--${boundary}`), between = encode(`\r\n--${boundary}`), headEnd = encode('\r\n\r\n');
    let at = find(bytes, dashes, 0);
    if (at < 0) invalid('it does not have the boundary');
    at += dashes.length;
    while (bytes[at] !== 45 || bytes[at + 1] !== 45) {  // two dashes follow the last boundary
      if (bytes[at] !== 13 || bytes[at + 1] !== 10) invalid('a boundary is not followed by a line end');
      const head = find(bytes, headEnd, at), end = find(bytes, between, at);
      if (head < 0 || end < head) invalid('a part does not end');
      form.append(...entryOfPart(decode(bytes.subarray(at + 2, head)), bytes.slice(head + 4, Math.max(end, head + 4))));
      at = end + between.length;
    }
    return form;
  };
  // The form of a body with this Content-Type.
  const parseForm = (buffer, contentType) => {
    const [, essence, parameters] = /^\s*([^;\s]*)\s*(.*)$/.exec(contentType);
    switch (essence.toLowerCase()) {
      case 'multipart/form-data': {
        const boundary = /;\s*boundary=(?:"([^"]+)"|([^;\s"]+))/i.exec(parameters);
        if (boundary === null) invalid('it names no boundary');
        return parseMultipart(new Uint8Array(buffer), boundary[1] ?? boundary[2]);
      }
      case 'application/x-www-form-urlencoded': {
        const form = new FormData();
        for (const pair of new URLSearchParams(`?${decode(buffer)}`)) form.append(...pair);
        return form;
      }
      default:
        throw new TypeError('formData(): the Content-Type must be multipart/form-data or application/x-www-form-urlencoded, got ' +
          JSON.stringify(contentType));
    }
  };
  // What a FormData, a Blob or a File is as a body; undefined of other values.
  const bodyOf = (value) =>
    isForm(value) ? { bytes: value.body(), type: `multipart/form-data; boundary=${value.boundary}` } : native.blobs.bodyOf(value);

  return { ...native.blobs, FormData, parseForm, bodyOf };
})
