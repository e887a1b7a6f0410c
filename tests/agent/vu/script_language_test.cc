// What scripts can say: modules, CommonJS, TypeScript, console, globals.

#include <gmock/gmock.h>
#include <v8-version.h>

#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Language : public HostTest {
 protected:
  Language() : HostTest(1) {}
  // What `console.log(expression)` says in an iteration.
  std::string Value(const std::string& expression) {
    std::vector<std::string> lines = LinesOf(
        absl::StrCat("export default async function () { console.log(", expression, "); }"));
    Reset();
    return lines.empty() ? "(nothing)" : lines.back();
  }
};

TEST_F(Language, ConsoleWritesValuesAsK6Does) {
  EXPECT_EQ(Value("'a', 1, true, null, undefined"), "info: a 1 true null undefined");
  EXPECT_EQ(Value("{ k: [ 1, 'x' ], o: {} }"), R"(info: { k: [ 1, "x" ], o: {} })");
  EXPECT_EQ(Value("(() => { const a = {}; a.a = a; return a; })()"), "info: { a: [Circular] }");
  EXPECT_EQ(Value("[/a\\/b/, /a/yigsum]"), R"(info: [ /a\/b/, /a/gimsuy ])");
  EXPECT_EQ(Value("new Map([['a', 1]]), new Set([2])"), R"(info: Map { "a" => 1 } Set [ 2 ])");
  EXPECT_EQ(Value("new Date(0)"), R"(info: "1970-01-01T00:00:00.000Z")");
  EXPECT_EQ(Value("new Error('e'), [new TypeError('t')]"), "info: Error: e [ TypeError: t ]");
  EXPECT_EQ(Value("Object.assign(new Error(), { name: 'Mine' })"), "info: Mine");
  EXPECT_EQ(Value("() => 1, { f() {} }, class A {}"),
            "info: [object Function] { f: [object Function] } [object Function]");
  EXPECT_EQ(Value("undefined, [undefined, , 1], { u: undefined }"),
            "info: undefined [ null, null, 1 ] { u: null }");
  EXPECT_EQ(Value("new Uint8Array([1, 200]), new Float32Array(0)"),
            "info: Uint8Array(2) [ 1, 200 ] Float32Array(0) []");
  EXPECT_EQ(Value("new Uint8Array([1, 200]).buffer"),
            "info: ArrayBuffer { [Uint8Contents]: <01 c8>, byteLength: 2 }");
  EXPECT_THAT(Value("new Uint8Array(150).buffer"),
              HasSubstr("00 ... 50 more bytes>, byteLength: 150 }"));
  EXPECT_EQ(Value("/a+/g"), "info: /a+/g");
}

TEST_F(Language, ConsoleWritesDeepAndLongValuesInFull) {
  EXPECT_EQ(Value("{ a: { b: { c: { d: { e: { f: 1 } } } } } }"),
            "info: { a: { b: { c: { d: { e: { f: 1 } } } } } }");
  EXPECT_THAT(Value("Array.from({ length: 1200 }, (_, i) => i)"), EndsWith(" 1198, 1199 ]"));
  EXPECT_EQ(Value("['say \"hi\"', \"it's\"]"), R"(info: [ "say "hi"", "it's" ])");
  EXPECT_EQ(Value("{ get x() { return 1 }, set y(v) {}, get z() { throw 1 } }"),
            "info: { x: 1, y: null, z: null }");
  EXPECT_EQ(Value("Symbol(), Symbol('s'), new Date(NaN), Promise.resolve(1)"), "info:  s {} {}");
  EXPECT_EQ(Value("new Proxy([1, { a: 2 }], {}), new Proxy({ b: 3 }, {})"),
            "info: [ 1, { a: 2 } ] { b: 3 }");
}

TEST_F(Language, ConsoleWritesSharedArraysAsArrays) {
  EXPECT_THAT(LinesOf(R"js(
    import { SharedArray } from 'k6/data';
    const rows = new SharedArray('rows', () => [{ a: 1 }, 2]);
    export default function () { console.log(rows); }
  )js"),
              ElementsAre("info: [ { a: 1 }, 2 ]"));
}

TEST_F(Language, ConsoleEndsWithValuesThatWouldNever) {
  // Two to the power of forty objects, as a script sees it; then one without a last level.
  EXPECT_THAT(Value("(() => { let o = {}; for (let i = 0; i < 40; ++i) o = { a: o, b: o }; "
                    "return o; })()"),
              HasSubstr("... 1 more"));
  EXPECT_THAT(Value("(() => { class A { constructor() { Object.defineProperty(this, 'a', { "
                    "enumerable: true, get: () => new A() }); } } return new A(); })()"),
              HasSubstr("{ a: { a: [Object] } }"));
  EXPECT_THAT(Value("new Array(4294967295)"), HasSubstr(", null, ... "));
}

TEST_F(Language, ConsoleHasLevels) {
  EXPECT_THAT(LinesOf(R"js(
    export default function () { console.debug('d'); console.warn('w'); console.error('e'); }
  )js"),
              ElementsAre("debug: d", "warning: w", "error: e"));
}

TEST_F(Language, ModulesImportOneAnother) {
  File("lib/a.js",
       "import { b } from './b.js'; export const a = () => `a${b()}`; export default 'da';");
  File("lib/b.js", "import { a } from './a.js'; export function b() { return typeof a; }");
  File("data.json", R"({ "x": 1 })");
  File("c.js", "module.exports = { c: require('./data.json').x, d: exports === module.exports };");
  EXPECT_THAT(
      LinesOf(R"(
    import da, { a } from './lib/a.js';
    import * as all from 'file:///test/lib/a.js';
    import { c } from './c.js';
    import http, { get } from 'k6/http';
    const late = await Promise.resolve(5);
    export default async function () {
      console.log(da, a(), all.a === a, c, http.get === get, late, import.meta.url);
      console.log((await import('./lib/b.js')).b());
    })"),
      ElementsAre("info: da afunction true 1 true 5 file:///test/main.js", "info: function"));
}

TEST_F(Language, ACircleThroughRequireSeesWhatIsExportedSoFar) {
  File("c.js", "const main = require('./main.js'); exports.early = typeof main.f;");
  EXPECT_THAT(LinesOf(R"js(
    const c = require('./c.js');
    export function f() {}
    export default function () { console.log(c.early); }
  )js"),
              ElementsAre("info: function"));
}

TEST_F(Language, ACircleOfImportAndRequireThatCannotBeRunSaysWhoIsInIt) {
  File("b.js", "import c from './c.js'; export const b = typeof c;");
  File("c.js", "exports.early = require('./b.js').b;");
  const std::vector<std::string> lines =
      LinesOf("import { b } from './b.js'; export default function () { console.log(b); }");
  ASSERT_THAT(lines, ::testing::SizeIs(1));
  EXPECT_THAT(lines[0],
              HasSubstr("file:///test/b.js imports ./c.js, which is running and requires it"));
}

TEST_F(Language, CommonJsMayBeginWithAHashbang) {
  EXPECT_THAT(LinesOf("#!/usr/bin/env k6\nexports.default = () => console.log('ran');"),
              ElementsAre("info: ran"));
}

TEST_F(Language, AScriptWithoutImportOrExportIsCommonJs) {
  EXPECT_THAT(LinesOf(R"js(
    const { sleep } = require('k6');
    exports.default = function () { console.log(typeof sleep); };
  )js"),
              ElementsAre("info: function"));
}

TEST_F(Language, TypeScriptLosesItsTypesAndKeepsItsLines) {
  Script(R"js(interface A { n: number }

export default function (): void {
  const a: A = { n: 1 };
  console.log(a.n as number);
  throw new Error('here');
}
)js",
         "main.ts");
  ASSERT_TRUE(Prepare(1).value.has_value());
  Iterate(1);
  EXPECT_THAT(log_.lines(),
              ElementsAre("info: 1",
                          HasSubstr("error: Error: here\n\tat default (file:///test/main.ts:6:")));
}

TEST_F(Language, WarningsAndAbortsNamePlacesInTheSourceOfTypeScript) {
  std::optional<std::string> aborted;
  host_.SetEvents({.on_abort = [&](std::string message) { aborted = std::move(message); }});
  Script(R"js(import exec from 'k6/execution';
import encoding from 'k6/encoding';
import { WebSocket } from 'k6/websockets';
enum Color { Red, Green }

export default function (): void {
  encoding.b64encode('a', 'odd');
  try { new WebSocket('ws://[', {} as any); } catch { }
  exec.test.abort('enough');
}
)js",
         "main.ts");
  ASSERT_TRUE(Prepare(1).value.has_value());
  Iterate(1);
  EXPECT_THAT(log_.lines(),
              ElementsAre(StartsWith("warning: file:///test/main.ts:7:12: k6/encoding: "),
                          StartsWith("warning: file:///test/main.ts:8:9: k6/websockets: ")));
  EXPECT_EQ(Wait(aborted), "test aborted: enough at default (file:///test/main.ts:9:13)");
}

TEST_F(Language, AllVusWarnOnceOfASelectorThatCannotBeRead) {
  Script(R"js(
    import { parseHTML } from 'k6/html';
    export default function () { parseHTML('<p>x').find('p['); }
  )js");
  ASSERT_TRUE(Prepare(2).value.has_value());
  LentVu vus[] = {TakeFor(std::make_shared<CountedSource>(1)),
                  TakeFor(std::make_shared<CountedSource>(1))};
  for (LentVu& vu : vus) {
    std::optional<bool> idle;
    vu.Activate([&idle] { idle = true; });
    Wait(idle);
  }
  EXPECT_THAT(log_.lines(), ElementsAre(StartsWith("warning: file:///test/main.js:3:")));
}

TEST_F(Language, WarningsWithoutEndSayThatThereAreMore) {
  const std::vector<std::string> lines = LinesOf(R"js(
    import { parseHTML } from 'k6/html';
    const page = parseHTML('<p>x');
    export default function () {
      for (let i = 0; i < 1002; ++i) page.find('p[' + i);
      page.find('p[last');
    })js");
  ASSERT_EQ(SourceStore::kMostWarnings + 1, lines.size());
  EXPECT_THAT(lines[SourceStore::kMostWarnings - 1], HasSubstr("the selector \"p[999\""));
  EXPECT_EQ("warning: the script has been warned of 1000 things; further ones are not shown",
            lines.back());
}

TEST_F(Language, OpenReadsTextAndBytesInTheInitCodeOnly) {
  File("d.txt", "h\xC3\xA9");
  EXPECT_THAT(LinesOf(R"(
    const text = open('./d.txt'), bytes = open('d.txt', 'b');
    export default function () {
      console.log(text.length, bytes.byteLength, bytes instanceof ArrayBuffer);
      try { open('./d.txt'); } catch (e) { console.log(e.message); }
    })"),
              ElementsAre("info: 2 3 true",
                          "info: the \"open\" function is only available in the init stage (i.e. "
                          "the global scope)"));
}

TEST_F(Language, GlobalsOfTheWebAreThere) {
  EXPECT_EQ(Value("new TextDecoder().decode(new TextEncoder().encode('h\\u00e9'))"),
            "info: h\xC3\xA9");
  EXPECT_EQ(Value("structuredClone({ a: [1] })"), "info: { a: [ 1 ] }");
  EXPECT_EQ(Value("global === globalThis, typeof performance.now()"), "info: true number");
  EXPECT_EQ(Value("new URL('../x?a=1#h', 'http://u:p@h:81/b/c').href"),
            "info: http://u:p@h:81/x?a=1#h");
  EXPECT_EQ(Value("new URL('http://h/?b=2&a=1').searchParams.get('b')"), "info: 2");
  EXPECT_EQ(Value("new URLSearchParams({ a: '1 2', b: '&' }).toString()"), "info: a=1+2&b=%26");
}

TEST_F(Language, GlobalsMayBeReplaced) {
  EXPECT_THAT(LinesOf(R"(
    globalThis.structuredClone = () => 'mine';
    const log = console.log;
    export default function () {
      __ITER = 'mine, too';
      log(structuredClone({}), __ITER, delete globalThis.TextEncoder, typeof TextEncoder);
    })",
                      2),
              Each("info: mine mine, too true undefined"));
}

TEST_F(Language, TheIterationsNumberIsThereFromTheFirstOneOn) {
  EXPECT_THAT(LinesOf(R"(
    const early = typeof __ITER;
    export default function () {
      console.log(early, __ITER, Object.keys(globalThis).includes('__ITER'));
    })",
                      2),
              ElementsAre("info: undefined 0 true", "info: undefined 1 true"));
}

TEST_F(Language, MetricsAreOfTheirClassWithAndWithoutNewInEachVu) {
  EXPECT_THAT(LinesOf(R"(
    import { Counter, Trend } from 'k6/metrics';
    const made = [Counter('first'), new Counter('second'), Trend('third')];
    export default function () {
      console.log(made.map((m) => m instanceof Counter), made.map((m) => m.add(1)));
    })"),
              ElementsAre("info: [ true, true, false ] [ true, true, true ]"));
}

TEST_F(Language, WebAssemblyIsThereForAScriptThatMentionsIt) {
  // The smallest module that adds: (func (export "add") (param i32 i32) (result i32) ...)
  EXPECT_THAT(LinesOf(R"(
    const module = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0,
                                   7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]);
    export default function () {
      const instance = new WebAssembly.Instance(new WebAssembly.Module(module));
      console.log(instance.exports.add(40, 2));
    })"),
              ElementsAre("info: 42"));
}

TEST_F(Language, YoungMethodsAreThereForAScriptThatNamesThem) {
  EXPECT_THAT(LinesOf(R"(
    const { hasOwn } = Object;
    export default function () {
      console.log([1, 2, 3].at(-1), 'abc'['at'](-2), new Uint8Array([7]).at(0), hasOwn({ a: 1 }, 'a'),
                  [1, 2, 3].findLast((n) => n < 3), [1, 2, 3].findLastIndex((n) => n > 5));
    })"),
              ElementsAre("info: 3 b 7 true 2 -1"));
}

#if V8_MAJOR_VERSION < 11  // later ones have them in their snapshot
TEST_F(Language, YoungMethodsCostNothingWhereNoFileNamesThem) {
  EXPECT_THAT(LinesOf(R"(
    const a = 'a';
    export default function () {
      console.log(typeof [][`${a}t`], typeof Object[`h${a}sOwn`], typeof [][`findL${a}st`]);
    })"),
              ElementsAre("info: undefined undefined undefined"));
}
#endif

TEST_F(Language, AnIterationWaitsForWebAssemblyThatIsAwaited) {
  EXPECT_THAT(LinesOf(R"(
    const module = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0,
                                   7, 7, 1, 3, 97, 100, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11]);
    export default async function () {
      const { instance } = await WebAssembly.instantiate(module);
      console.log(instance.exports.add(40, 2));
      const again = await WebAssembly.instantiate(await WebAssembly.compile(module));
      console.log(again.exports.add(1, 2));
      await WebAssembly.compile(module.slice(0, 20)).catch((error) => console.log(error.name));
    })"),
              ElementsAre("info: 42", "info: 3", "info: CompileError"));
}

TEST_F(Language, TextDecoderKnowsTheEncodingsOfK6) {
  EXPECT_EQ(Value("new TextDecoder('utf-16le').decode(new Uint8Array([0x68, 0, 0xe9, 0]))"),
            "info: h\xC3\xA9");
  EXPECT_EQ(Value("new TextDecoder('UTF-16').decode(new Uint16Array([0x68, 0x69]))"), "info: hi");
  EXPECT_EQ(Value("new TextDecoder('utf-16be').decode(new Uint8Array([0, 0x68, 0xd8]))"),
            "info: h\xEF\xBF\xBD");
  // 0x80 is the euro sign; 0x81, which has no character, is the control character.
  EXPECT_EQ(Value("new TextDecoder(' Latin1 ').decode(new Uint8Array([0x80, 0xe9, 0x81]))"),
            "info: \xE2\x82\xAC\xC3\xA9\xC2\x81");
  EXPECT_EQ(Value("['utf8', 'utf-16', 'ascii'].map((l) => new TextDecoder(l).encoding)"),
            R"(info: [ "utf-8", "utf-16le", "windows-1252" ])");
  EXPECT_EQ(Value("(() => { try { new TextDecoder('nope') } catch (e) { return e.name } })()"),
            "info: RangeError");
  EXPECT_EQ(Value("new TextDecoder().decode('h\u00e9')"), "info: h\u00e9");
  EXPECT_EQ(Value("(() => { try { new TextDecoder().decode(5) } catch (e) { return e.name } })()"),
            "info: TypeError");
}

TEST_F(Language, TextDecoderObeysItsOptions) {
  EXPECT_EQ(Value("new TextDecoder().decode(new Uint8Array([0x61, 0xff, 0xe2, 0x82, 0x62, 0xf0]))"),
            "info: a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_EQ(Value("(() => { const d = new TextDecoder('utf-8', { fatal: true }); "
                  "try { d.decode(new Uint8Array([0x61, 0xff])) } "
                  "catch (e) { return [e.name, d.decode(new Uint8Array([0x62]))] } })()"),
            R"(info: [ "TypeError", "b" ])");
  EXPECT_EQ(Value("[false, true].map((ignoreBOM) => new TextDecoder('utf-8', { ignoreBOM })"
                  ".decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])).length)"),
            "info: [ 1, 2 ]");
  // The euro sign, byte by byte, behind a byte order mark that is cut in two as well.
  EXPECT_EQ(Value("(() => { const d = new TextDecoder(); "
                  "const part = (...bytes) => d.decode(new Uint8Array(bytes), { stream: true }); "
                  "return [part(0xef), part(0xbb, 0xbf, 0xe2), part(0x82), part(0xac), "
                  "part(0xe2), d.decode()] })()"),
            "info: [ \"\", \"\", \"\", \"\xE2\x82\xAC\", \"\", \"\xEF\xBF\xBD\" ]");
  EXPECT_EQ(Value("(() => { const d = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }); "
                  "return [d.fatal, d.ignoreBOM, new TextDecoder().fatal] })()"),
            "info: [ true, true, false ]");
}

TEST_F(Language, IntervalsStopWhenCleared) {
  EXPECT_THAT(LinesOf(R"(export default function () {
      let n = 0;
      const id = setInterval(() => { console.log(n); if (++n == 3) clearInterval(id); }, 1);
      clearTimeout(setTimeout(() => console.log('never'), 5));
    })"),
              ElementsAre("info: 0", "info: 1", "info: 2"));
}

TEST_F(Language, DeepRecursionIsARangeErrorAndTheVuLivesOn) {
  EXPECT_THAT(LinesOf(R"(function deep(n) { return deep(n + 1) + 1; }
      export default function () { try { deep(0); } catch (e) { console.log(e.name); } })",
                      2),
              ElementsAre("info: RangeError", "info: RangeError"));
}

}  // namespace
}  // namespace lockstep::agent
