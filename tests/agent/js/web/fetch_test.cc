// fetch and what belongs with it, against the loopback server; and the web's small globals.
#include <gmock/gmock.h>

#include "tests/agent/vu/host_fixture.h"
#include "tests/support/http_server.h"

namespace lockstep::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Web : public HostTest {
 protected:
  Web() : HostTest(1) {}
  // What the async function body `code` returns as JSON, or "name: message" of what it throws. T is
  // the server's URL.
  std::string Run(const std::string& code) {
    const std::vector<std::string> lines =
        LinesOf(absl::StrCat("const T = '", server_->Url(""), R"js(';
      import { ReadableStream } from 'k6/experimental/streams';
      import http from 'k6/http';
      const failure = (call) => { try { call(); return 'none'; } catch (e) { return `${e.name}: ${e.message}`; } };
      const code = async () => {)js",
                             code, R"js(};
      export default async function () {
        try { console.log(JSON.stringify(await code())); } catch (e) { console.log(`${e.name}: ${e.message}`); }
      })js"));
    Reset();
    return lines.empty() ? "(nothing)" : lines.back().substr(6);  // "info: "
  }

  const std::unique_ptr<lockstep::testing::HttpServer> server_ =
      *lockstep::testing::HttpServer::Start();
};

TEST_F(Web, FetchAnswersWithAResponse) {
  EXPECT_EQ(
      R"([200,true,"OK","basic",false,false,"hello\n",true,"TypeError: the body has been read already"])",
      Run(R"js(
    const r = await fetch(T + '/');
    const first = [r.status, r.ok, r.statusText, r.type, r.redirected, r.bodyUsed, await r.text(), r.bodyUsed];
    return [...first, await r.text().catch((e) => `${e.name}: ${e.message}`)];
  )js"));
  EXPECT_EQ(R"([404,false])",
            Run("const r = await fetch(T + '/status/404'); return [r.status, r.ok]"));
  EXPECT_EQ("[200,true,\"/\"]", Run(R"js(
    const r = await fetch(T + '/redirect/2');
    return [r.status, r.redirected, new URL(r.url).pathname];
  )js"));
  EXPECT_EQ("[302,\"/\"]", Run(R"js(
    const r = await fetch(T + '/redirect/1', { redirect: 'manual' });
    return [r.status, r.headers.get('Location')];
  )js"));
  EXPECT_EQ("TypeError: fetch failed: unexpected redirect",
            Run("return fetch(T + '/redirect/1', { redirect: 'error' })"));
}

// The Fetch standard: values of headers are bytes, read as Latin-1; lines of cookies are never
// joined.
TEST_F(Web, FetchTakesHeadersAsTheyCome) {
  EXPECT_EQ(R"([200,"caf",233,["a=1; Path=/, b","c=2"],2])", Run(R"js(
    const r = await fetch(T + '/header?X-A=caf%E9&Set-Cookie=a%3D1%3B+Path%3D/%2C+b&set-cookie=c%3D2');
    const lines = [...r.headers].filter(([name]) => name === 'set-cookie').length;
    const value = r.headers.get('x-a');
    return [r.status, value.slice(0, 3), value.charCodeAt(3), r.headers.getSetCookie(), lines];
  )js"));
}

TEST_F(Web, FetchKnowsWhetherItWasRedirected) {
  EXPECT_EQ("[false,true]", Run(R"js(
    const withUser = await fetch(T.replace('//', '//u:p@') + '/');
    const moved = await fetch(T + '/redirect/1');
    return [withUser.redirected, moved.redirected];
  )js"));
}

TEST_F(Web, FetchSendsBodiesOfAllKinds) {
  EXPECT_EQ(R"(["text","q=1+2","bytes","blob","stream","again"])", Run(R"js(
    const bytes = (t) => new TextEncoder().encode(t);
    const request = new Request(T + '/echo', { method: 'post', body: 'again' });
    const bodies = ['text', new URLSearchParams({ q: '1 2' }), bytes('bytes'), new Blob(['blob']),
      ReadableStream.from([bytes('str'), bytes('eam')])];
    const answers = [];
    for (const body of bodies) answers.push(await (await fetch(T + '/echo', { method: 'POST', body })).text());
    return [...answers, await (await fetch(request)).text()];
  )js"));
  EXPECT_EQ(R"(["PUT /request HTTP/1.1",true,true])", Run(R"js(
    const text = await (await fetch(T + '/request', { method: 'put', body: 'x', headers: { 'X-A': '1' } })).text();
    return [text.split('\r\n')[0], /x-a: 1/i.test(text), /content-type: text\/plain;charset=UTF-8/i.test(text)];
  )js"));
}

TEST_F(Web, FormsHoldTextsAndFiles) {
  EXPECT_EQ(R"([["1","2"],"1",null,true,"a=3 b=[object File] c=x","blob","n.txt","hello",7])",
            Run(R"js(
    const form = new FormData();
    form.append('a', 1);
    form.append('a', '2');
    form.append('b', new Blob(['hello'], { type: 'text/x' }));
    form.append('c', 'x');
    const before = [form.getAll('a'), form.get('a'), form.get('none'), form.has('b')];
    const blob = form.get('b').name;
    form.set('a', 3);
    const all = [...form].map(([name, value]) => `${name}=${value}`).join(' ');
    form.set('b', new File(['hello'], 'old', { lastModified: 7 }), 'n.txt');
    return [...before, all, blob, form.get('b').name, await form.get('b').text(), form.get('b').lastModified];
  )js"));
  EXPECT_EQ(
      R"(["TypeError: append(): a name and a value are expected",)"
      R"("TypeError: append(): a filename is for a Blob or a File only",)"
      R"js("TypeError: FormData: there are no forms of pages here: leave out the argument, and append()"])js",
      Run(R"js(
    const form = new FormData();
    return [failure(() => form.append('a')), failure(() => form.append('a', 'b', 'c')), failure(() => new FormData({}))];
  )js"));
}

// The HTML standard, section 4.10.22.8; and what scripts know from k6's library of the same name.
TEST_F(Web, AFormGoesOverTheWireInItsOrder) {
  const std::string expected =
      R"("--B\r\nContent-Disposition: form-data; name=\"z%22%0D%0A\"\r\n\r\n1\r\n2\r\n)"
      R"(--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\nContent-Type: text/x\r\n\r\ndata\r\n)"
      R"(--B\r\nContent-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{}\r\n--B--\r\n")";
  const char* const kForm = R"js(
    const form = new FormData();
    form.append('z"\n', '1\n2');
    form.append('f', http.file('data', 'n.txt', 'text/x'));
    form.append('j', { data: '{}', content_type: 'application/json' });
  )js";
  EXPECT_EQ(expected, Run(absl::StrCat(kForm, R"js(
    return new TextDecoder().decode(form.body()).replaceAll(form.boundary, 'B');
  )js")));
  EXPECT_EQ(expected, Run(absl::StrCat(kForm, R"js(
    return http.post(T + '/echo', form).body.replaceAll(form.boundary, 'B');
  )js")));
  EXPECT_EQ("[true,true]", Run(absl::StrCat(kForm, R"js(
    const type = /content-type: multipart\/form-data; boundary=([0-9a-f]{48})\r/i;
    const sent = http.post(T + '/request', form).body;
    const fetched = await (await fetch(T + '/request', { method: 'POST', body: form })).text();
    return [sent, fetched].map((text) => type.exec(text)?.[1] === form.boundary);
  )js")));
  EXPECT_EQ(R"(["hello",true])", Run(R"js(
    const sent = http.post(T + '/request', new Blob(['hello'], { type: 'text/x' })).body;
    return [http.post(T + '/echo', new Blob(['hello'])).body, /content-type: text\/x\r/i.test(sent)];
  )js"));
  EXPECT_EQ("true", Run(R"js(
    return /name="f"; filename="n"\r\nContent-Type: text\/x\r\n\r\nhello\r/.test(
      http.post(T + '/echo', { f: new File(['hello'], 'n', { type: 'text/x' }) }).body);
  )js"));
  EXPECT_EQ("true", Run(R"js(
    return /name="f"; filename=""\r\n.*\r\n\r\nhello\r/.test(http.post(T + '/echo', { f: new File(['hello'], '') }).body);
  )js"));
  // A type cannot begin a header of its own.
  EXPECT_EQ(R"(["","Text/X",false])", Run(R"js(
    const evil = new Blob(['a'], { type: 'x/y\r\nX-Evil: 1' });
    const sent = http.post(T + '/request', evil).body + http.post(T + '/request', evil.slice(0, 1, 'x\r\nX-Evil: 1')).body;
    return [evil.type, new Blob([], { type: 'Text/X' }).type, /evil/i.test(sent)];
  )js"));
  EXPECT_EQ("true", Run(R"js(
    class Evil extends Blob { get type() { return 'x/y\r\nX-Evil: 1' } }
    try { return !/evil/i.test(http.post(T + '/request', new Evil(['a'])).body) } catch (error) { return /Content-Type/.test(error.message) }
  )js"));
  // What fails while it becomes a body is not sent as something else.
  EXPECT_EQ(R"(["mine","mine"])", Run(R"js(
    class Bad extends FormData { body() { throw new Error('mine') } }
    const outcome = (body) => { try { return http.post(T + '/echo', body).status } catch (error) { return error.message } };
    return [outcome(new Bad()), outcome({ f: new Bad() })];
  )js"));
}

TEST_F(Web, WhatHoldsABodyElsewhereIsNoFormOfK6) {
  EXPECT_EQ(R"(["ReadableStream","Request","Response","Headers","AbortSignal"])", Run(R"js(
    const all = [new Blob(['x']).stream(), new Request(T), new Response('x'), new Headers({ a: 'b' }),
      new AbortController().signal];
    return all.map((body) => http.post(T, body).error.replace('unknown request body type ', ''));
  )js"));
  EXPECT_EQ(R"("a=b")", Run("return http.post(T + '/echo', new URLSearchParams({a: 'b'})).body"));
  EXPECT_EQ(1, server_->requests());
}

TEST_F(Web, AFileOfK6MayBeABlob) {
  EXPECT_EQ("[true,true,true]", Run(R"js(
    const sent = http.post(T + '/echo', {
      a: http.file(new Blob(['bytes'])), b: http.file(new File(['more'], 'f.txt', { type: 'text/x' })),
      c: http.file(new File(['last'], 'f.txt', { type: 'text/x' }), 'own.txt', 'text/y') }).body;
    const has = (name, file, type, data) => sent.includes(
      `name="${name}"; filename="${file}"\r\nContent-Type: ${type}\r\n\r\n${data}\r\n`);
    return [has('a', 'blob', 'application/octet-stream', 'bytes'), has('b', 'f.txt', 'text/x', 'more'),
      has('c', 'own.txt', 'text/y', 'last')];
  )js"));
}

TEST_F(Web, FormsAreReadBack) {
  EXPECT_EQ(R"(["v\r\nw","file","n\".txt","text/x","hello","","1 2"])", Run(R"js(
    const form = new FormData();
    form.append('a', 'v\nw');
    form.append('b', new File(['hello'], 'n".txt', { type: 'text/x' }));
    form.append('c', '');
    const read = await (await fetch(T + '/echo', { method: 'POST', body: form, headers: { 'X-Echo': '1' } })).arrayBuffer();
    const again = await new Response(read, { headers: { 'Content-Type': `multipart/form-data; boundary="${form.boundary}"` } }).formData();
    const file = again.get('b');
    const fields = await new Request(T, { method: 'POST', body: new URLSearchParams({ q: '1 2' }) }).formData();
    return [again.get('a'), Object.prototype.toString.call(file).slice(8, -1).toLowerCase(), file.name, file.type, await file.text(),
      again.get('c'), fields.get('q')];
  )js"));
  EXPECT_EQ(
      R"(["TypeError: formData(): the Content-Type must be multipart/form-data or application/x-www-form-urlencoded, got \"text/plain;charset=UTF-8\"",)"
      R"("TypeError: formData(): the body is not the form that its Content-Type says: it names no boundary",)"
      R"("TypeError: formData(): the body is not the form that its Content-Type says: it does not have the boundary",)"
      R"("TypeError: formData(): the body is not the form that its Content-Type says: a part does not end",)"
      R"("TypeError: formData(): the body is not the form that its Content-Type says: a part has no name"])",
      Run(R"js(
    const why = (body, type) => new Response(body, type && { headers: { 'content-type': type } }).formData().catch((e) => `${e.name}: ${e.message}`);
    const multipart = 'multipart/form-data; boundary=b';
    return Promise.all([why('x'), why('x', 'multipart/form-data'), why('x', multipart), why('--b\r\nA: b\r\n\r\nx', multipart),
      why('--b\r\nA: b\r\n\r\nx\r\n--b--', multipart)]);
  )js"));
}

TEST_F(Web, AMethodOfADecoderIsNoConstructor) {
  EXPECT_EQ("TypeError: decoder.decode is not a constructor",
            Run("const decoder = new TextDecoder(); new decoder.decode(new Uint8Array(1))"));
}

TEST_F(Web, BlobsAndFilesAreCloned) {
  EXPECT_EQ(
      R"([true,false,"hello","text/x",true,"n",7,"there","DataCloneError: #<FormData> could not be cloned."])",
      Run(R"js(
    const blob = new Blob(['hello'], { type: 'text/x' });
    const { list: [copy, same, file] } = structuredClone({ list: [blob, blob, new File(['there'], 'n', { lastModified: 7 })] });
    return [copy instanceof Blob && copy === same, copy === blob, await copy.text(), copy.type, file instanceof File, file.name, file.lastModified,
      await file.text(), failure(() => structuredClone(new FormData()))];
  )js"));
}

TEST_F(Web, ResponsesCanBeReadInManyWays) {
  EXPECT_EQ(R"([5,"hello\n",104,"hello\n"])", Run(R"js(
    const r = await fetch(T + '/');
    const chunks = [];
    for await (const chunk of r.clone().body) chunks.push(...chunk);
    return [chunks.length - 1, new TextDecoder().decode(await r.clone().arrayBuffer()), (await r.clone().bytes())[0],
      await (await r.blob()).text()];
  )js"));
  EXPECT_EQ(R"([{"a":1},"application/json",201,"error","http://h/",204,null])", Run(R"js(
    const made = Response.json({ a: 1 }, { status: 201 });
    return [await made.json(), made.headers.get('content-type'), made.status, Response.error().type,
      Response.redirect('http://h').headers.get('location'), new Response(null, { status: 204 }).status, new Response().body];
  )js"));
}

TEST_F(Web, WhatIsAbortedEndsAtOnce) {
  EXPECT_EQ(R"(["AbortError","why","TimeoutError","AbortError"])", Run(R"js(
    const controller = new AbortController();
    const never = fetch(T + '/delay/600000', { signal: controller.signal });
    setTimeout(() => controller.abort(), 1);
    const reason = (promise) => promise.then(() => 'none', (e) => e.name ?? e);
    const any = AbortSignal.any([new AbortController().signal, controller.signal]);
    return [await reason(never), await reason(fetch(T, { signal: AbortSignal.abort('why') })),
      await reason(fetch(T + '/delay/600000', { signal: AbortSignal.timeout(1) })), any.reason.name];
  )js"));
}

TEST_F(Web, ATimeoutThatIsNotNeededDoesNotHoldTheIteration) {
  EXPECT_EQ("200", Run("return (await fetch(T, { signal: AbortSignal.timeout(3600000) })).status"));
}

TEST_F(Web, UserMistakesAreTypeErrors) {
  EXPECT_EQ(
      R"(["TypeError: Request: GET cannot have a body","TypeError: Request: invalid method \"TRACE\"",)"
      R"("TypeError: Request: redirect: invalid value \"x\": expected follow, error, manual",)"
      R"("TypeError: Request: signal: an AbortSignal is expected","RangeError: Response: status: invalid value 99: expected 200 to 599",)"
      R"("TypeError: Response: a response with the status 204 has no body","TypeError: Headers: invalid name \"a b\"",)"
      R"("TypeError: Headers: invalid value of a: \"1\\n2\""])",
      Run(R"js(
    return [() => new Request(T, { body: 'x' }), () => new Request(T, { method: 'TRACE' }),
      () => new Request(T, { redirect: 'x' }), () => new Request(T, { signal: {} }), () => new Response('', { status: 99 }),
      () => new Response('x', { status: 204 }), () => new Headers({ 'a b': '1' }), () => new Headers([['a', '1\n2']])].map(failure);
  )js"));
  EXPECT_THAT(Run("return fetch('http://127.0.0.1:1/')"), HasSubstr("TypeError: fetch failed: "));
  EXPECT_THAT(Run("return fetch('no url')"), HasSubstr("TypeError: fetch failed: "));
}

TEST_F(Web, HeadersAreSortedAndInAnyCase) {
  EXPECT_EQ(
      R"([[["a","1, 2"],["b","3"]],"3",null,["x=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT","y=2"]])",
      Run(R"js(
    const headers = new Headers([['B', ' 3 '], ['a', '1']]);
    headers.append('A', '2');
    const cookies = new Headers();
    cookies.append('Set-Cookie', 'x=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT');
    cookies.append('set-cookie', 'y=2');
    return [[...headers], headers.get('b'), headers.get('c'), cookies.getSetCookie()];
  )js"));
  EXPECT_EQ(R"([[["set-cookie","x=1"],["set-cookie","y=2, z"]],"x=1, y=2, z",true,[],null])",
            Run(R"js(
    const headers = new Headers([['Set-Cookie', 'x=1'], ['set-cookie', 'y=2, z']]);
    const before = [[...headers], headers.get('set-cookie'), headers.has('Set-Cookie')];
    headers.delete('SET-COOKIE');
    return [...before, headers.getSetCookie(), headers.get('set-cookie')];
  )js"));
}

TEST_F(Web, ClonesAreDeep) {
  EXPECT_EQ(R"([true,{"a":[1]},true,[[1,{"x":2}]],"bigint",true])", Run(R"js(
    const value = { a: [1] };
    value.self = value;
    const copy = structuredClone(value);
    const same = copy.self === copy && copy !== value;
    delete copy.self;
    const date = structuredClone(new Date(5));
    return [same, copy, date instanceof Date && date.getTime() === 5, [...structuredClone(new Map([[1, { x: 2 }]]))],
      typeof structuredClone(5n), structuredClone(new RangeError('r')) instanceof RangeError];
  )js"));
}

TEST_F(Web, ClonesTransferBuffers) {
  EXPECT_EQ("[0,3,7,0]", Run(R"js(
    const buffer = new Uint8Array([7, 8, 9]).buffer;
    const view = new Uint8Array(buffer);
    const { moved } = structuredClone({ moved: buffer }, { transfer: [buffer] });
    return [buffer.byteLength, moved.byteLength, new Uint8Array(moved)[0], view.length];
  )js"));
}

TEST_F(Web, WhatCannotBeClonedIsADataCloneError) {
  EXPECT_EQ(
      R"([[true,25,"DataCloneError"],true,"DataCloneError: structuredClone: transfer: only ArrayBuffers can be transferred",)"
      R"("DataCloneError: structuredClone: transfer: the same ArrayBuffer twice","TypeError: structuredClone: a value is expected",)"
      R"("Error: mine"])",
      Run(R"js(
    let caught;
    try { structuredClone({ f() {} }); } catch (e) { caught = e; }
    const buffer = new ArrayBuffer(1);
    return [[caught instanceof DOMException, caught.code, caught.name], /could not be cloned/.test(caught.message),
      failure(() => structuredClone(1, { transfer: [{}] })), failure(() => structuredClone(1, { transfer: [buffer, buffer] })),
      failure(() => structuredClone()), failure(() => structuredClone({ get x() { throw new Error('mine'); } }))];
  )js"));
}

TEST_F(Web, Base64) {
  EXPECT_EQ(
      R"(["aGkA/w==","hi\u0000ÿ","ab","InvalidCharacterError","InvalidCharacterError","InvalidCharacterError",5])",
      Run(R"js(
    let code;
    const name = (call) => { try { call(); } catch (e) { code = e.code; return e.name; } };
    return [btoa('hi\0\xff'), atob(btoa('hi\0\xff')), atob(' YW\nI '), name(() => btoa('\u20ac')), name(() => atob('a')),
      name(() => atob('a*==')), code];
  )js"));
}

TEST_F(Web, EventsReachTheirListeners) {
  EXPECT_EQ(R"([["once","object","plain"],false,["object","plain"],["plain"]])", Run(R"js(
    const target = new EventTarget();
    let log = [];
    const object = { handleEvent() { log.push('object'); } };
    target.addEventListener('x', () => log.push('once'), { once: true });
    target.addEventListener('x', object);
    target.addEventListener('x', (event) => { log.push('plain'); event.preventDefault(); });
    const take = () => log.splice(0);
    const kept = target.dispatchEvent(new Event('x', { cancelable: true }));
    const first = take();
    target.dispatchEvent(new Event('x'));
    const second = take();
    target.removeEventListener('x', object);
    target.dispatchEvent(new Event('x'));
    return [first, kept, second, take()];
  )js"));
}

TEST_F(Web, TimeAndMicrotasks) {
  EXPECT_EQ(R"([true,true,true,["sync","micro","timer"]])", Run(R"js(
    const now = performance.timeOrigin + performance.now();
    const order = [];
    setTimeout(() => order.push('timer'), 0);
    queueMicrotask(() => order.push('micro'));
    order.push('sync');
    await new Promise((resolve) => setTimeout(resolve, 1));
    return [Math.abs(now - Date.now()) < 60000, performance.now() >= 0, 'timeOrigin' in performance.toJSON(), order];
  )js"));
}

TEST_F(Web, GlobalsAreOnesOwnToReplace) {
  EXPECT_THAT(LinesOf(R"js(
    globalThis.DOMException = class {};
    globalThis.AbortController = 'mine';
    export default function () {
      try { structuredClone(() => {}); } catch (e) { console.log(e.name, AbortController); }
    })js"),
              ElementsAre("info: DataCloneError mine"));
}

}  // namespace
}  // namespace lockstep::agent
