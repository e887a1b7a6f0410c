// How scripts are put together: imports of what is not there, files that are opened, TypeScript,
// source maps.

#include <gmock/gmock.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

#include "common/base/builtin_extensions.h"
#include "tests/agent/vu/host_fixture.h"

namespace lockstep::agent {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class Modules : public HostTest {
 protected:
  Modules() : HostTest(1) {}
  // Why `script` does not load.
  std::string FailureOf(const std::string& script, const std::string& name = "main.js") {
    Script(script, name);
    const ScriptResult<Inspection> result = Inspect();
    return result.value.has_value() ? "(none)" : result.failure.message;
  }
  // What it logs when it is inspected and then run once, by one VU.
  std::vector<std::string> RunWhole(const std::string& script,
                                    const std::string& name = "main.js") {
    Script(script, name);
    if (const ScriptResult<Inspection> result = Inspect(); !result.value.has_value()) {
      return {result.failure.message};
    }
    if (const ScriptResult<VuPool*> prepared = Prepare(1); !prepared.value.has_value()) {
      return {prepared.failure.message};
    }
    Iterate(1);
    return log_.lines();
  }
};

TEST_F(Modules, AMissingNameOfAModuleOfOursIsUndefined) {
  EXPECT_THAT(
      RunWhole(R"js(
    import http, { Response, nope } from 'k6/http';
    import { check, Another, chek } from 'k6';
    export default function () { console.log(typeof Response, typeof nope, typeof Another, typeof http.get); }
  )js"),
      UnorderedElementsAre(
          "warning: file:///test/main.js: k6/http has no export 'Response'; it is undefined",
          "warning: file:///test/main.js: k6/http has no export 'nope'; it is undefined",
          "warning: file:///test/main.js: k6 has no export 'Another'; it is undefined",
          "warning: file:///test/main.js: k6 has no export 'chek'; it is undefined; did you mean "
          "\"check\"?",
          "info: undefined undefined undefined function"));
}

TEST_F(Modules, AMissingNameOfACommonJsModuleIsUndefined) {
  File("c.js", "exports.a = 1;");
  File("d.js", "export { b, a } from './c.js';");
  EXPECT_THAT(RunWhole(R"js(
    import { a, b } from './d.js';
    import { c } from './c.js';
    export default function () { console.log(a, b, c); }
  )js"),
              Contains("info: 1 undefined undefined"));
}

TEST_F(Modules, AMissingNameOfAnEsModuleIsASyntaxError) {
  File("e.js", "export const a = 1;");
  EXPECT_THAT(FailureOf("import { b } from './e.js'; export default function () {}"),
              HasSubstr("does not provide an export named 'b'"));
}

TEST_F(Modules, OpenStartsFromTheFileWhoseTopLevelRuns) {
  File("data.txt", "beside main");
  File("lib/data.txt", "in lib");
  File("lib/load.js",
       "export const load = (path) => open(path); export const own = load('./data.txt');");
  File("lib/old.js", "exports.own = open('data.txt'); exports.load = (path) => open(path);");
  EXPECT_THAT(LinesOf(R"js(
    import { load, own } from './lib/load.js';
    import { SharedArray } from 'k6/data';
    const old = require('./lib/old.js');
    const texts = [load('./data.txt'), own, old.own, old.load('./data.txt'),
                   new SharedArray('s', () => [load('data.txt')])[0]];
    export default function () { console.log(texts.join()); }
  )js"),
              ElementsAre("info: beside main,in lib,in lib,beside main,beside main"));
}

TEST_F(Modules, RequireGivesOneValueHoweverOftenAndWhoeverAsks) {
  File("base.js", "module.exports = class Base { constructor() { this.base = 'B'; } };");
  File("api.js", "const Base = require('./base.js'); exports.Api = class extends Base {};");
  File("users.js", "const Base = require('./base.js'); exports.users = () => new Base().base;");
  File("list.js", "module.exports = [1]; module.exports.n = 0;");
  File("imports.js", "import list from './list.js'; export const first = list[0];");
  File("text.js", "module.exports = 'text';");
  EXPECT_THAT(RunWhole(R"js(
    import { Api } from './api.js';
    import { users } from './users.js';
    import { first } from './imports.js';
    const [a, b] = [require('./list.js'), require('./list.js')];
    a.n++;
    const texts = [require('./text.js'), require('./text.js')];
    export default () => console.log(new Api().base, users(), first, a === b, b.n, Array.isArray(b), ...texts);
  )js"),
              ElementsAre("info: B B 1 true 1 true text text"));
}

TEST_F(Modules, InACircleOfRequiresLaterExportsAreSeen) {
  File("a.js",
       "exports.name = 'a'; const b = require('./b.js'); exports.callB = () => b.hello(); "
       "exports.late = () => 'late';");
  File("b.js", "const a = require('./a.js'); exports.hello = () => a.name + a.late();");
  EXPECT_THAT(RunWhole("const { callB } = require('./a.js');\n"
                       "export default () => console.log(callB());"),
              ElementsAre("info: alate"));
}

TEST_F(Modules, WhatAModuleThrowsCanBeCaughtEachTime) {
  File("new.js", "export const a = 1; throw new Error('no module');");
  File("old.js", "exports.a = 1; throw new Error('no exports');");
  EXPECT_THAT(RunWhole(R"js(
    const seen = [];
    for (const file of ['./new.js', './new.js', './old.js', './old.js']) {
      try { seen.push(require(file)); } catch (e) { seen.push(e.message); }
      try { seen.push(await import(file)); } catch (e) { seen.push(e.message); }
    }
    export default () => console.log([...new Set(seen)].join(), seen.length);
  )js"),
              ElementsAre("info: no module,no exports 8"));
}

TEST_F(Modules, ImportsMayHaveTheAttributeOfJson) {
  File("x.json", R"({ "x": 1 })");
  EXPECT_THAT(
      RunWhole(
          "import a from './x.json' with { type: 'json' };\n"
          "import b from './x.json' with\n{ \"type\": \"json\", }; /* \xC3\xA9 */ import './x.json' with "
          "{ type: 'json' }; export default function () { console.log(a.x, b.x, 'with { type }'); "
          "throw new Error('here'); }"),
      ElementsAre("info: 1 1 with { type }", HasSubstr("(file:///test/main.js:3:146)")));
  EXPECT_EQ(
      FailureOf("import a from './x.json' with { type: 'css' }; export default function () {}"),
      "SyntaxError: file:///test/main.js: the import attributes { type: 'css' } are not supported; { type: "
      "'json' } is");
  EXPECT_THAT(FailureOf("import a from './x.json' with x; export default function () {}"),
              HasSubstr("Unexpected token 'with'"));
}

TEST_F(Modules, AFileThatIsNoJsonIsNamed) {
  File("x.json", R"({ "x": )");
  EXPECT_THAT(FailureOf("import a from './x.json'; export default function () {}"),
              StartsWith("SyntaxError: file:///test/x.json: Unexpected end of JSON input"));
}

TEST_F(Modules, ARequiredFileThatDoesNotCompileIsNamedWithItsPlace) {
  File("old.js", "const a = 1;\nconst b = ;\nmodule.exports = { a };");
  File("new.js", "\nexport const b = ;");
  for (const auto& [file, place] :
       {std::pair("old.js", "Line 2:11"), std::pair("new.js", "Line 2:18")}) {
    EXPECT_EQ(FailureOf(absl::StrCat("const it = require('./", file,
                                     "');\nexport default function () {}")),
              absl::StrCat("SyntaxError: file:///test/", file, ": ", place,
                           " Unexpected token ';'\n\tat file:///test/main.js:1:12"));
  }
}

TEST_F(Modules, ImportsInTypeScriptMayHaveTheAttributeOfJson) {
  File("x.json", R"({ "x": 1 })");
  EXPECT_THAT(RunWhole("import a from './x.json' with { type: 'json' };\n"
                       "interface P { x: number }\n"
                       "export default function () { const p: P = a; console.log(p.x);\n"
                       "  throw new Error('here'); }",
                       "main.ts"),
              ElementsAre("info: 1", HasSubstr("(file:///test/main.ts:4:9)")));
  EXPECT_THAT(
      FailureOf("import a from './x.json' with { type: 'css' }; export default () => { a as any }",
                "css.ts"),
      AllOf(HasSubstr("type: 'css'"), HasSubstr("are not supported; { type: 'json' } is")));
}

TEST_F(Modules, ServersModulesImportBesideThemselves) {
  bundle_.files["https://h/l/a.js"] = "import { b } from './b.js'; export const a = b + 1;";
  bundle_.files["https://h/l/b.js"] = "import c from '/c.json'; export const b = c.n;";
  bundle_.files["https://h/c.json"] = R"({"n": 1})";
  bundle_.files["https://h/t.ts"] = "export const t: number = 3;";
  bundle_.files["https://h/old.js"] =
      "exports.url = 'common'; exports.more = require('./l/a.js').a;";
  EXPECT_THAT(RunWhole("import { a } from 'https://h/l/a.js'; import { t } from 'https://h/t.ts';\n"
                       "const old = require('https://h/old.js');\n"
                       "export default () => console.log(a, t, old.url, old.more);"),
              ElementsAre("info: 2 3 common 2"));
}

TEST_F(Modules, AFileThatIsMissingNamesItsImporter) {
  File("a.js", "import './gone.js';");
  EXPECT_THAT(FailureOf("import './a.js'; export default function () {}"),
              HasSubstr("The moduleSpecifier \"file:///test/gone.js\" couldn't be found on local "
                        "disk: file:///test/a.js imports it"));
}

TEST_F(Modules, ServersModulesThatDoNotLoadNameTheirImporter) {
  remote_["https://h/a.js"] = "import './gone.js';";
  EXPECT_THAT(
      FailureOf("import 'https://h/a.js'; export default () => {};"),
      HasSubstr("cannot load https://h/gone.js, which https://h/a.js imports: no such file"));
  remote_["https://h/page.js"] = "\n<!DOCTYPE html>\n<title>Sign in</title>";
  EXPECT_THAT(FailureOf("import 'https://h/page.js'; export default () => {};"),
              HasSubstr("cannot load https://h/page.js, which file:///test/main.js imports: the "
                        "server has sent a page instead of a module: <!DOCTYPE html>"));
  remote_["https://h/local.js"] = "open('file:///etc/passwd');";
  EXPECT_THAT(FailureOf("import 'https://h/local.js'; export default () => {};"),
              HasSubstr("https://h/local.js comes from a server: it can't use the local file"));
}

TEST_F(Modules, WhatInitHasNotLoadedCannotBeImportedLater) {
  remote_["file:///test/late.js"] = "export const x = 1;";
  File("early.js", "export const x = 2;");
  EXPECT_THAT(
      RunWhole("await import('./early.js');\n"
               "export default async () => { console.log((await import('./early.js')).x);\n"
               "  try { await import('./late.js'); } catch (e) { console.log(e.message); } };"),
      ElementsAre("info: 2",
                  "info: the module \"file:///test/late.js\" was not previously resolved during "
                  "initialization (__VU==0): import it in the init code, too"));
}

TEST_F(Modules, EachVuIsToldTheSameOfAFileThatIsNotThere) {
  const std::string open = "info: open ./local.json: no such file";
  const std::string require =
      "info: The moduleSpecifier \"file:///test/local.js\" couldn't be found on local disk: "
      "file:///test/main.js imports it";
  const std::string fs = "info: NotFoundError: open() failed: rows.csv: no such file";
  EXPECT_THAT(RunWhole(R"js(
    import { open as openFile } from 'k6/experimental/fs';
    try { open('./local.json'); } catch (e) { console.log(e.message); }
    try { require('./local.js'); } catch (e) { console.log(e.message); }
    try { await openFile('rows.csv'); } catch (e) { console.log(`${e.name}: ${e.message}`); }
    export default function () {}
  )js"),
              ElementsAre(open, require, fs, open, require, fs));
}

TEST_F(Modules, ModulesThatK6HasMovedSayWhere) {
  EXPECT_THAT(
      FailureOf("import 'k6/experimental/timers'; export default function () {}"),
      HasSubstr(
          "Error: there is no module k6/experimental/timers any more: setTimeout and the other "
          "timers are global now: remove the import, or import k6/timers"));
  EXPECT_THAT(
      FailureOf("import sql from 'k6/x/sql'; export default function () {}"),
      HasSubstr("there is no module k6/x/sql: of k6's extensions there are k6/x/dns, k6/x/icmp, "
                "k6/x/mqtt, k6/x/redis, k6/x/tls; k6/http reaches a database"));
  EXPECT_THAT(
      FailureOf("import postgres from 'k6/x/sql/driver/postgres'; export default function () {}"),
      HasSubstr(
          "there is no module k6/x/sql/driver/postgres: of k6's extensions there are k6/x/dns, "));
  EXPECT_THAT(FailureOf("import mqtt from 'k6/x/mqqt'; export default function () {}"),
              HasSubstr("; did you mean \"k6/x/mqtt\"?"));
  EXPECT_THAT(FailureOf("import http from 'k6/htpp'; export default function () {}"),
              HasSubstr("unknown module: k6/htpp; did you mean \"k6/http\""));
}

// Nothing runs when an import fails, and so V8 knows no place.
TEST_F(Modules, AnImportThatFailsNamesItsPlace) {
  EXPECT_THAT(FailureOf("import k6 from 'k6';\nimport http from 'k6/htpp';\n"
                        "export default function () {}"),
              HasSubstr("\n\tat file:///test/main.js:2:"));
  EXPECT_THAT(FailureOf("\n\nimport './none.js'; export default function () {}"),
              HasSubstr("imports it\n\tat file:///test/main.js:3:"));
  // The innermost one is the one that is wrong.
  File("deep.js", "\nimport 'k6/none';");
  EXPECT_THAT(FailureOf("import './deep.js'; export default function () {}"),
              HasSubstr("\n\tat file:///test/deep.js:2:"));
  File("wrong.js", "let = = 3;");
  EXPECT_THAT(FailureOf("import './wrong.js'; export default function () {}"),
              HasSubstr("SyntaxError: file:///test/wrong.js: Line 1:"));
}

TEST_F(Modules, ADeprecatedModuleIsToldOf) {
  EXPECT_THAT(
      RunWhole(
          "import { WebSocket } from 'k6/experimental/websockets'; export default function () {}"),
      ElementsAre(HasSubstr("k6/experimental/websockets is deprecated")));
}

TEST_F(Modules, ExtensionsThatAreBuiltInCanBeImported) {
  std::string imports, names;
  for (const absl::string_view name : kBuiltinExtensions) {
    const absl::string_view module = name.substr(kExtensionPrefix.size());
    absl::StrAppend(&imports, "import ", module, " from '", name, "';\n");
    absl::StrAppend(&names, module, ", ");
  }
  EXPECT_THAT(RunWhole(absl::StrCat(imports, "export default () => console.log([", names,
                                    "].every((module) => Object.keys(module).length > 0));")),
              ElementsAre("info: true"));
}

TEST_F(Modules, TheFormerNameOfRedisWorksWithAWarning) {
  EXPECT_THAT(RunWhole("import redis from 'k6/experimental/redis'; export default function () {}"),
              ElementsAre(HasSubstr("k6/experimental/redis has become k6/x/redis")));
}

// Which needs nothing that another module has set up.
TEST_F(Modules, AWebSocketWarnsOfAnEventThatDoesNotExist) {
  EXPECT_THAT(
      RunWhole("import { WebSocket } from 'k6/websockets';"
               "export default function () {"
               "  new WebSocket('ws://127.0.0.1:1/').addEventListener('mesage', () => {}); }"),
      Contains(AllOf(HasSubstr("warning: file:///test/main.js:1:"),
                     HasSubstr(": a WebSocket has no event \"mesage\""))));
}

TEST_F(Modules, BrowsersCanBeImportedAndNotUsed) {
  EXPECT_THAT(
      RunWhole(R"js(
    import { browser, devices } from 'k6/browser';
    const phone = devices['iPhone X'];
    export default async function () {
      console.log(typeof browser.newPage, phone.viewport);
      const page = await browser.newPage();
    }
  )js"),
      ElementsAre(
          "info: function undefined",
          HasSubstr(
              "browser.newPage() of k6/browser: Lockstep drives no browser; run this scenario "
              "with k6, or leave it out here")));
}

TEST_F(Modules, RejectionsSayWhatTheyAre) {
  EXPECT_THAT(
      RunWhole(
          "export default async function () { Promise.reject(undefined); throw new Error('e'); }"),
      ElementsAre("error: Uncaught (in promise) undefined",
                  StartsWith("error: Uncaught (in promise) Error: e\n\tat ")));
  Script("export async function setup() { throw new Error('s'); } export default function () {}");
  Reset();
  ASSERT_TRUE(Prepare(1).value.has_value());
  EXPECT_THAT(RunSetup().failure.message, StartsWith("Uncaught (in promise) Error: s\n\tat "));
}

TEST_F(Modules, TypeScriptMayBeCodeOfItsOwn) {
  EXPECT_THAT(RunWhole(R"js(
    namespace Geo { export const unit: string = 'km'; export namespace Deep { export const half = (n: number) => n / 2; } }
    enum Colour { Red, Green }
    namespace Colour { export function parse(s: string): Colour { return s === 'green' ? Colour.Green : Colour.Red; } }
    import Half = Geo.Deep;
    class P { constructor(private readonly x: number, public y = 2) {} sum() { return this.x + this.y; } }
    export default function (): void {
      console.log(Geo.unit, Half.half(9), Colour.parse('green'), new P(1).sum());
    }
  )js",
                       "main.ts"),
              ElementsAre("info: km 4.5 1 3"));
}

TEST_F(Modules, TypesAreNotImported) {
  File("t.ts", "export interface A { n: number } export const b = 2;");
  EXPECT_THAT(
      RunWhole("import { A, b } from './t.ts'; import http, { Response } from 'k6/http';\n"
               "export default function (r: Response): A { console.log(b); return { n: 1 }; }",
               "main.ts"),
      ElementsAre("info: 2"));
}

TEST_F(Modules, AMistakeInTypeScriptHasItsPlace) {
  EXPECT_EQ(FailureOf("let a: number = 5;\nfoo(((\n", "main.ts"),
            "SyntaxError: file:///test/main.ts: Line 2:8 Expression expected");
}

TEST_F(Modules, AMistakeThatOnlyTheEngineFindsHasItsPlaceInTypeScript) {
  EXPECT_EQ(FailureOf("type T = {\n  a: number;\n};\ninterface U { b: T }\n"
                      "export default function () {\n  const re = /(/;\n}\n",
                      "re.ts"),
            "SyntaxError: file:///test/re.ts: Line 6:14 Invalid regular expression: /(/: "
            "Unterminated group");
}

TEST_F(Modules, StandardInputMayBeTypeScript) {
  File("pick.ts", "export const pick = (n: number): number => n + 1;");
  EXPECT_THAT(
      RunWhole(
          "import { pick } from './pick.ts';\nexport default function (): void { console.log(pick(1)); }",
          "-"),
      ElementsAre("info: 2"));
  EXPECT_THAT(FailureOf("export default function () { let = = 3; }", "-"),
              StartsWith("SyntaxError: file:///test/-: Line 1:36 Expression expected"));
  EXPECT_THAT(FailureOf("let a: number = 1;\nexport default function () { foo((( }", "-"),
              StartsWith("SyntaxError: file:///test/-: Line 2:37 "));
}

// Line 1 of the bundle from column 29 on, where the error is made, is line 7, column 3 of
// src/cart.ts: "4B" is +28, "OAME" is the first source, +6 lines, +2 columns, as digits of base64:
// 4B = 28 * 2 = 56 = 24 + 32 (more: Y + 32 = 4), 1 (B).
constexpr char kBundle[] =
    "export default function () { throw new Error('cart is full'); }\n//# sourceMappingURL=";
constexpr char kMap[] =
    R"({"version":3,"sources":["src/cart.ts"],"names":[],"mappings":"AAAA,4BAME"})";

TEST_F(Modules, StackTracesNameTheSourcesOfABundle) {
  const char* expected = "error: Error: cart is full\n\tat default (file:///test/src/cart.ts:7:3)";
  File("main.js.map", kMap);
  EXPECT_THAT(RunWhole(absl::StrCat(kBundle, "main.js.map\n")), ElementsAre(expected));
  Reset();
  EXPECT_THAT(
      RunWhole(absl::StrCat(kBundle, "data:application/json;base64,", absl::Base64Escape(kMap))),
      Contains(expected).Times(2));
}

TEST_F(Modules, ScriptsSeeTheMappedStack) {
  File("main.js.map", kMap);
  EXPECT_THAT(
      RunWhole(
          "export default function () { try { null.x } catch (e) { console.log(e.stack.split('\\n')[1]) } }\n"
          "//# sourceMappingURL=main.js.map"),
      ElementsAre("info:     at default (file:///test/src/cart.ts:7:3)"));
}

// Their places are in nobody's file. Those of code that a script makes of texts stay.
TEST_F(Modules, FaultsShowNoFramesOfLockstepsOwnScripts) {
  EXPECT_THAT(
      RunWhole("export default () => { new Request('http://a', { method: 'GET', body: 'x' }); }"),
      ElementsAre("error: TypeError: Request: GET cannot have a body\n\tat default "
                  "(file:///test/main.js:1:24)"));
  Reset();
  EXPECT_THAT(RunWhole("export default () => { new Function('null.x')(); }"),
              Contains(AllOf(HasSubstr("at eval (eval at default (file:///test/main.js:1:"),
                             HasSubstr("<anonymous>:3:"))));
}

TEST_F(Modules, AMapThatCannotBeReadIsAWarning) {
  EXPECT_THAT(
      RunWhole(absl::StrCat(kBundle, "gone.map")),
      ElementsAre(
          "warning: Couldn't load the source map of file:///test/main.js: no such file; stack traces "
          "name places in the file itself",
          HasSubstr("(file:///test/main.js:1:")));
  Reset();
  EXPECT_THAT(RunWhole(absl::StrCat(kBundle, "data:application/json;base64,bm90IGEgbWFw")),
              Contains(HasSubstr("not a source map: no JSON")));
}

}  // namespace
}  // namespace lockstep::agent
