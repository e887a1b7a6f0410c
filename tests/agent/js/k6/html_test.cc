// The module k6/html.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/js_harness.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

class HtmlTest : public ::testing::Test {
 protected:
  HtmlTest() {
    js_.Run(R"(globalThis.d = html.parseHTML(`<html><head><title>Shop &amp; Co</title></head><body>
<h1 id="top" class="big red">Hello <b>World</b></h1>
<ul id="list"><li class="item" data-n="1">one</li><li class="item odd" data-n="2">two</li><li class="item" data-n="3">three</li></ul>
<form id="f1" action="/a"><input type="hidden" name="csrf" value="t"><input type="checkbox" name="c1" value="on1" checked>
<input type="checkbox" name="c2" value="on2" checked="checked"><select name="sel"><option value="x">X</option><option value="y" selected>Y</option></select>
<textarea name="ta">some text</textarea><input type="submit" name="go" value="Send"></form></body></html>`))");
  }
  // Makes `d` another page. names(selection) is what its elements are known by.
  void Parse(absl::string_view page) {
    js_.Run(absl::StrCat("globalThis.d = html.parseHTML(`", page, "`)"));
    js_.Run(
        R"(globalThis.names = (s) => s.get().map((e) => e.id() || e.getAttribute('name') || e.nodeName()).join(' '))");
  }
  std::string Run(absl::string_view body) { return js_.Run(body); }

  JsHarness js_;
};

TEST_F(HtmlTest, SelectorsFind) {
  const std::pair<const char*, int> rows[] = {{"li", 3},
                                              {"#top", 1},
                                              {".item", 3},
                                              {"li.odd", 1},
                                              {"ul > li", 3},
                                              {"body li", 3},
                                              {"h1 + ul", 1},
                                              {"h1 ~ form", 1},
                                              {"li, h1", 4},
                                              {"[data-n]", 3},
                                              {"[data-n=\"2\"]", 1},
                                              {"[class~=odd]", 1},
                                              {"[class^=it]", 3},
                                              {"[id$=op]", 1},
                                              {"[class*=te]", 3},
                                              {"li:first-child", 1},
                                              {"li:last-child", 1},
                                              {"li:nth-child(2)", 1},
                                              {"li:nth-child(odd)", 2},
                                              {"li:not(.odd)", 2},
                                              {"ul:has(.odd)", 1},
                                              {"li:contains(two)", 1},
                                              {"*:empty", 4},
                                              {"p", 0}};
  for (const auto& [selector, count] : rows) {
    EXPECT_EQ(std::to_string(count), Run(std::string("return d.find('") + selector + "').size()"))
        << selector;
  }
}

// The pseudo-classes and operators that are k6's own.
TEST_F(HtmlTest, SelectorsKnowTheDialectOfK6) {
  Parse(
      R"(<html lang="en-GB"><body><p id="a">Tail <b>x1</b></p><p id="b" title="A b"><i>tail</i></p>
<a href="x" name="l">y</a><a>z</a><template><u>t</u></template><div id="e"> <!-- c --> </div>
<form><fieldset disabled><legend><input name="free"></legend><input name="off"></fieldset><input type="CHECKBOX" checked>
<select><option selected>1<option>2</select><textarea disabled></textarea><button>k</button></form></body></html>)");
  const std::pair<const char*, const char*> rows[] = {
      {"p:contains(TAIL)", "a b"},  // knows no case
      {"p:contains('x1')", "a"},
      {"p:containsOwn(tail)", "a"},
      {"p:matches(^[A-Z]\\w+ )", "a"},  // a regular expression, with brackets and escapes
      {"p:matches((?i)^TAIL$)", "b"},
      {"p:matchesOwn(x)", ""},
      {"p:has(> i)", "b"},
      {"p:haschild(i)", "b"},
      {"body:haschild(i)", ""},
      {"a:link", "l"},
      {"body:lang(en)", "body"},
      {"body:lang(e)", ""},
      {"input:disabled", "off"},
      {"input:enabled", "free input"},
      {"textarea:disabled", "textarea"},
      {":checked", "input option"},
      {"form :input", "free off input select textarea button"},
      {"div:empty", "e"},  // of blanks and comments alone
      {"template u", "u"},
      {":root", "html"},
      {"[title='a b' i]", "b"},
      {"[title#=^A.b$]", "b"},
      {"p[title!='A b']", "a"},
      {"P[ID = b]", "b"},
      {"p/**/#b", ""},  // a comment is a blank
      {"#\\61", "a"},
      {"p:nth-child( 2n + 1 )", "a"},
      {"p:nth-last-of-type(1)", "b"},
  };
  for (const auto& [selector, names] : rows) {
    EXPECT_EQ(absl::StrCat("\"", names, "\""),
              Run(absl::StrCat("return names(d.find(String.raw`", selector, "`))")))
        << selector;
  }
}

TEST_F(HtmlTest, InvalidSelectorsMatchNothing) {
  for (const char* selector : {"",
                               "#",
                               ".",
                               "li[",
                               "li,",
                               ">li",
                               "li >",
                               "li::before",
                               "li:nope",
                               "li:first",
                               "li:eq(1)",
                               "li:not()",
                               "li:not(:nope)",
                               "li:nth-child(x)",
                               "li:matches(",
                               "li:matches(*)",
                               "[data-n=2]",
                               "li:is(.odd)",
                               "li:hover",
                               "*|li",
                               "li)",
                               ".1a",
                               "option:selected",
                               "[data-n^='']"}) {
    EXPECT_EQ("[0,false,0]", Run(absl::StrCat("const s = `", selector,
                                              "`; return [d.find(s).size(), d.find('li').is(s), "
                                              "d.find('li').filter(s).size()]")))
        << selector;
  }
}

TEST_F(HtmlTest, SelectionsReadAndWalk) {
  EXPECT_EQ("[\"Shop & Co\",\"Hello World\",\"Hello <b>World</b>\",\"top\",\"none\"]",
            Run("return [d.find('title').text(), d.find('h1').text(), d.find('h1').html(), "
                "d.find('h1').attr('id'), d.find('h1').attr('x', 'none')]"));
  EXPECT_EQ("[\"two\",\"three\",\"one\",[\"one\",\"two\",\"three\"],2,\"ul\",2]",
            Run("const l = d.find('li'); return [l.eq(1).text(), l.last().text(), "
                "l.eq(1).prev().text(), l.map((i, e) => e.text()),"
                " l.eq(0).nextAll().size(), l.parent().get(0).nodeName(), l.eq(1).data('n')]"));
  EXPECT_EQ("[1,true,3,\"list\",2,1]",
            Run("const l = d.find('li'); return [l.filter('.odd').size(), l.is('.odd'), "
                "d.find('ul').children().size(), l.closest('ul').attr('id'),"
                " l.not('.odd').size(), d.find('.odd').index('li')]"));
}

// With texts and comments between them. Each step used to look at all of the row: minutes.
TEST_F(HtmlTest, RowsOfAnyLengthAreWalkedStepByStep) {
  Run("globalThis.row = (n) => html.parseHTML('<p>' + '<i>x</i> y <!-- z -->'.repeat(n) + '</p>').find('i')");
  for (const int items : {5, 20000}) {
    EXPECT_EQ(
        absl::StrCat("[", items, ",", items, ",", items, ",", items - 1, ",1]"),
        Run(absl::StrCat(
            R"js(
      const all = row()js",
            items,
            R"js(), walk = (first, step) => { let n = 0; for (let at = first; at; at = step(at)) n++; return n; };
      const more = (s) => s.size() > 0 ? s : undefined;
      return [walk(all.first(), s => more(s.next())), walk(all.last(), s => more(s.prev())),
              walk(all.get(0), e => e.nextElementSibling()), all.parent().find('i + i').size(),
              all.parent().find('i:first-child').size()]
    )js")));
  }
}

TEST_F(HtmlTest, CallbacksGetWhatK6Gives) {
  EXPECT_EQ(R"(["item/one","item odd/two","item/three"])",
            Run("return d.find('li').map((i, s) => s.attr('class') + '/' + s.text())"));
  EXPECT_EQ(
      "[1,1,2,true,3]",
      Run("const l = d.find('li'), two = (i, s) => s.text() === 'two', seen = [];"
          "l.each((i, e) => seen.push(e.nodeName()));"
          "return [l.filter(two).size(), l.filter((i) => i === 2).size(), l.not(two).size(), l.is(two), seen.length]"));
  EXPECT_EQ(
      R"([1,3])",
      Run("return d.find('li').map((i) => { if (i === 1) throw new Error('x'); return i + 1; })"));
  EXPECT_THAT(Run("html.parseHTML('<div>'.repeat(1e5))"),
              HasSubstr("the HTML nests more than 2000 elements in one another"));
  for (const char* call : {"each('x')", "map(1)", "filter(1)", "find()", "find(1)", "is(l.get(0))",
                           "not(l.get(0))", "nextUntil(l.get(0))", "add(l.get(0))"}) {
    EXPECT_THAT(Run(absl::StrCat("const l = d.find('li'); l.", call)), HasSubstr("TypeError"))
        << call;
  }
}

TEST_F(HtmlTest, SelectionsGrowAndCount) {
  EXPECT_EQ(
      R"([["three","one"],["two","Hello World"],1,1,-1,0,3])",
      Run("const l = d.find('li'), odd = d.find('.odd'), texts = (s) => s.map((i, e) => e.text());"
          "return [texts(l.last().add('li:first-child')), texts(odd.add(d.find('h1'))), odd.index(), odd.index('li'),"
          " odd.index('h1'), l.index(d.find('li')), l.add('li').size()]"));
  EXPECT_EQ(
      R"([1,"one",0,"one",{"url":""}])",
      Run("return [d.single('li').size(), d.single('li').text(), d.single('p').size(),"
          " d.find('li').first().end().eq(-3).text(), JSON.parse(JSON.stringify(d.find('ul')))]"));
  // Names of attributes are as they are in the page: in small letters.
  EXPECT_EQ(
      R"([null,"list",null,null])",
      Run("return [d.find('ul').attr('ID'), d.find('ul').attr('id'), d.find('ul').val(), d.find('p').attr('id')]"));
}

TEST_F(HtmlTest, PagesAreWrittenAsK6Does) {
  const std::pair<const char*, const char*> rows[] = {
      {"<!DOCTYPE html><p>a<!-- c -->b<br>",
       "<!DOCTYPE html><html><head></head><body><p>a<!-- c -->b<br/></p></body></html>"},
      {"<pre>\n\nx</pre>", "<html><head></head><body><pre>\n\nx</pre></body></html>"},
      {"<a z=1 a='\"'>x</a><p z=1 a=2>",
       "<html><head></head><body><a a=\"&#34;\" z=\"1\">x</a><p z=\"1\" a=\"2\"></p></body></html>"},
      {"<svg viewBox='0'><foreignObject/><PATH d=x></svg>",
       "<html><head></head><body><svg viewBox=\"0\"><foreignObject></foreignObject><path d=\"x\"></path></svg></body></html>"},
      {"<NoScript><img></noscript><meta><script>'<noscript>'</script>",
       "<html><head><noscript><img></noscript><meta/><script>'<noscript>'</script></head><body></body></html>"},
      {"<noframes><b></noframes>",
       "<html><head><noframes><b></noframes></head><body></body></html>"},
      {"<!-- </form> --><form title='</form>'><i></i>text</form>x<script>'</form>'</script>",
       "<!-- </form> --><html><head></head><body><form title=\"&lt;/form&gt;\"><i></i>text</form>x<script>'</form>'</script></body></html>"},
      {"<style>a>b</style>&lt;", "<html><head><style>a>b</style></head><body>&lt;</body></html>"},
  };
  for (const auto& [page, written] : rows) {
    Parse(page);
    EXPECT_EQ("true", Run(absl::StrCat("return d.html() === `", written, "`")))
        << page << "\n"
        << Run("return d.html()");
  }
  EXPECT_EQ(
      R"([["#text","#comment","#text"],"ab",3])",
      Run("const p = html.parseHTML('<p>a<!--c-->b</p>').find('p');"
          "return [p.get(0).childNodes().map((n) => n.nodeName()), p.text(), p.contents().size()]"));
  EXPECT_EQ(
      "true",
      Run("return html.parseHTML().html() === html.parseHTML(null).html() && html.parseHTML(5).text() === '5'"));
}

TEST_F(HtmlTest, FormsSerialize) {
  EXPECT_EQ("{\"csrf\":\"t\",\"c2\":\"on2\",\"sel\":\"y\",\"ta\":\"some text\"}",
            Run("return d.find('form').serializeObject()"));
  EXPECT_EQ("\"c2=on2&csrf=t&sel=y&ta=some+text\"", Run("return d.find('form').serialize()"));
  EXPECT_EQ("[\"y\",\"some text\"]",
            Run("return [d.find('select').val(), d.find('textarea').val()]"));
}

TEST_F(HtmlTest, FormsSerializeEachKindOfField) {
  Parse(
      R"(<form><input name="a b" value="c&d (!)x"><input type="checkbox" name="on" checked="checked"><input name="none">
<input type="checkbox" name="off" value="1"><select name="many" multiple><option selected>q &amp; r<option>s<option value="t" selected></select>
<select name="one"><option>x<option>y</select><input name="twice" value="1"><input name="twice" value="2"><keygen name="key">
<button name="b" value="1"></button><input type="submit" name="go" value="Go"><input value="nameless"></form>)");
  EXPECT_EQ(R"("a+b=c%26d+%28%21%29x&many=q+%26+r&many=t&none=&on=on&one=&twice=2")",
            Run("return d.find('form').serialize()"));
  EXPECT_EQ(R"({"a b":"c&d (!)x","on":"on","none":"","many":["q & r","t"],"one":"","twice":"2"})",
            Run("return d.find('form').serializeObject()"));
  EXPECT_EQ(R"([["on","on"],["many",["q & r","t"]]])",
            Run("return d.find('[name=on], [name=many]').serializeArray().map((f) => [f.name, "
                "f.value])"));
  EXPECT_EQ(R"(["","1","Go",["q & r","t"],"s"])",
            Run("return ['[name=none]', '[name=b]', '[name=go]', '[name=many]', "
                "'option:contains(s)'].map((s) => d.find(s).val())"));
}

// Every method of DOM's nodes, on a page of a few.
TEST_F(HtmlTest, ElementsKnowTheirPlace) {
  Parse(
      "<!DOCTYPE html><div id=out class='x y'>t<p id=p1 title=T>1<b class=y>2</b></p><!--c--><p id=p2></p></div>");
  const std::pair<const char*, const char*> rows[] = {
      {"e.nodeName()", R"("div")"},
      {"e.nodeType()", "1"},
      {"e.childNodes().map((n) => [n.nodeName(), n.nodeType(), n.nodeValue()])",
       R"([["#text",3,"t"],["p",1,null],["#comment",8,"c"],["p",1,null]])"},
      {"e.ownerDocument().childNodes().map((n) => [n.nodeName(), n.nodeType()])",
       R"([["html",10],["html",1]])"},
      {"[e.className(), e.classList(), e.id(), e.lang()]", R"(["x y",["x","y"],"out",null])"},
      {"[e.children().length, e.childElementCount(), e.hasChildNodes(), e.hasAttributes()]",
       "[2,2,true,true]"},
      {"[e.firstChild().nodeValue(), e.firstElementChild().id(), e.lastChild().id(), e.lastElementChild().id()]",
       R"(["t","p1","p2","p2"])"},
      {"[p.nextSibling().nodeName(), p.nextElementSibling().id(), p.previousSibling().nodeName(), p.previousElementSibling()]",
       R"(["#comment","p2","#text",null])"},
      {"[p.parentNode().id(), p.parentElement().id(), e.ownerDocument().nodeName(), e.ownerDocument().parentNode()]",
       R"(["out","out","#document",null])"},
      {"[e.contains(p), e.contains(e), p.contains(e), e.isSameNode(d.find('div').get(0)), e.isSameNode(p), p.isEqualNode(p)]",
       "[true,true,false,true,false,true]"},
      {"[e.querySelector('b').textContent(), e.querySelectorAll('p').length, e.querySelector('i'), e.matches('.x.y'), e.matches('p')]",
       R"(["2",2,null,true,false])"},
      {"[e.getElementsByTagName('P').length, e.getElementsByClassName('y').length, e.getElementsByTagName('*').length]",
       "[2,1,3]"},
      {"[e.hasAttribute('id'), e.getAttribute('class'), e.getAttribute('CLASS'), e.getAttributeNode('none')]",
       R"([true,"x y",null,null])"},
      {"Object.keys(p.attributes())", R"(["id","title"])"},
      {"const a = p.attributes().title; return [a.name, a.value, a.localName(), a.prefix(), a.ownerElement.id()]",
       R"(["title","T","title","","p1"])"},
      {"[p.innerHTML(), p.textContent(), p.toString(), p.selection().find('b').text()]",
       R"(["1<b class=\"y\">2</b>","12","[object html.Node]","2"])"},
      {"[e.namespaceURI(), e.isDefaultNamespace()]", R"(["http://www.w3.org/1999/xhtml",true])"},
  };
  for (const auto& [expression, value] : rows) {
    EXPECT_EQ(value,
              Run(absl::StrCat("const e = d.find('div').get(0), p = d.find('#p1').get(0); ",
                               absl::StartsWith(expression, "const") ? "" : "return ", expression)))
        << expression;
  }
}

TEST_F(HtmlTest, MethodsNeedNoSelectionAndNoElementBeforeThem) {
  EXPECT_EQ(R"([3,["one","two","three"],"one","item","li",null])", Run(R"js(
    const { find } = d, list = find('li'), { each, text, size } = list, seen = [];
    each((i, { textContent }) => seen.push(textContent()));
    const { className, nodeName, id } = list.get(0);
    return [size(), seen, text().slice(0, 3), className(), nodeName(), id() || null]
  )js"));
  EXPECT_EQ(R"(["t","/a",true])", Run(R"js(
    const { value } = d.find('input').get(0), { action } = d.find('form').get(0);
    const { namespaceURI } = d.find('li').get(0).getAttributeNode('class');
    return [value(), action(), namespaceURI() === 'http://www.w3.org/1999/xhtml']
  )js"));
}

TEST_F(HtmlTest, MethodsAreThoseOfTheClassAndMayBeOverwritten) {
  EXPECT_EQ(R"([3,["url"],"own",["url","text"],"one","changed"])", Run(R"js(
    const { prototype } = html.Selection, list = d.find('li'), keys = Object.keys(list), first = list.first();
    list.text = () => 'own';
    const { text } = Object.getOwnPropertyDescriptors(prototype);
    const before = [prototype.find.call(d, 'li').size(), keys, list.text(), Object.keys(list), first.text()];
    prototype.text = () => 'changed';
    const after = first.text();
    Object.defineProperty(prototype, 'text', text);
    return [...before, after]
  )js"));
}

TEST_F(HtmlTest, ElementsOfLinksHaveTheirPartsOfTheUrl) {
  EXPECT_EQ(
      R"(["http:","u","p","h:81","h","81","http://h:81","/p/q","?z=1","#f"])",
      Run("const a = html.parseHTML('<a href=\"http://u:p@h:81/p/q?z=1#f\">t</a>').find('a').get(0);"
          "return ['protocol', 'username', 'password', 'host', 'hostname', 'port', 'origin', 'pathname', 'search', 'hash'].map((m) => a[m]())"));
  EXPECT_EQ(
      R"(["/x?y","/x?y","","/x","?y","",["a","b"],"a b","t",0])",
      Run("const a = html.parseHTML('<a rel=\"a b\" href=\"/x?y\">t</a>').find('a').get(0);"
          "return [a.href(), a.toString(), a.host(), a.pathname(), a.search(), a.hash(), a.relList(), a.rel(), a.text(), a.tabIndex()]"));
}

// What elements of one tag know beside what all do.
TEST_F(HtmlTest, ElementsOfATagHaveItsMethods) {
  Parse(
      R"(<form id="f" method="POST" action="/a" name="n"><fieldset id="fs"><legend>l</legend><input id="i" name="in" value="v" maxlength="10" required>
</fieldset><label id="l" for="i">x</label><label id="l2"><select id="s" multiple><optgroup><option>A<option value="b" selected></optgroup></select></label>
<button id="b" formmethod="dialog">k</button><textarea id="t" rows="3">äb</textarea><output id="o">r</output><input type="checkbox" id="c"></form>
<table><caption>c</caption><thead><tr><th>1</th></tr></thead><tbody><tr><td>2</td><td id="td" colspan="2">3</td></tr></tbody></table>
<map name="m"><area></map><img usemap="#m" width="30"><video><track></video><ol start="5"><li value="7"></ol><progress value="3" max="4"></progress><canvas>)");
  const std::pair<const char*, const char*> rows[] = {
      {"names(s('form').elements()) + s('form').length()", R"("fs i s b t c6")"},
      {"[s('form').method(), s('form').action(), s('form').name(), s('form').noValidate()]",
       R"(["post","/a","n",false])"},
      {"[names(s('fieldset').elements()), s('fieldset').form().id(), s('fieldset').type(), s('legend').form().id()]",
       R"(["i","f","fieldset","f"])"},
      {"const i = s('#i'); return [i.value(), i.type(), i.name(), i.maxLength(), i.size(), i.required(), i.disabled(), i.form().id(), names(i.labels())]",
       R"(["v","text","in",10,20,true,false,"f","l"])"},
      {"[s('#i').formAction(), s('#i').formMethod(), s('#b').formMethod(), s('#b').type(), s('#b').value(), s('#c').value()]",
       R"(["/a","post","dialog","submit","","on"])"},
      {"[s('#l').control().id(), s('#l2').control().id(), s('#l').htmlFor(), s('#l').form().id(), names(s('select').labels())]",
       R"(["i","s","i","f","l2"])"},
      {"const e = s('select'); return [e.length(), e.selectedIndex(), e.selectedOptions().length, e.options()[0].text(), e.value(), e.type(), e.size(), e.multiple()]",
       R"([2,1,1,"A","b","select-multiple",4,true])"},
      {"const o = s('select').options()[1]; return [o.index(), o.value(), o.selected(), o.disabled(), o.form().id()]",
       R"([1,"b",true,false,"f"])"},
      {"[s('#t').length(), s('#t').value(), s('#t').rows(), s('#t').cols(), s('#t').type(), s('#o').value(), s('#o').defaultValue()]",
       R"([3,"äb",3,20,"textarea","r","r"])"},
      {"const t = s('table'); return [t.rows().length, t.tBodies().length, t.caption().textContent(), t.tHead().rows().length, t.tFoot()]",
       R"([2,1,"c",1,null])"},
      {"[s('#td').cellIndex(), s('#td').colSpan(), s('tbody tr').rowIndex(), s('tbody tr').sectionRowIndex(), s('tbody tr').cells().length]",
       "[1,2,1,0,2]"},
      {"[s('map').areas().length, s('map').images().length, s('img').width(), s('video').textTracks().length, s('canvas').width()]",
       "[1,1,30,1,300]"},
      {"[s('ol').start(), s('li').value(), s('progress').value(), s('progress').max(), s('progress').position()]",
       "[5,7,3,4,0.75]"},
      {"[s('table').href, s('form').value, s('li').text, s('tr').disabled]",
       "[null,null,null,null]"},
  };
  for (const auto& [expression, value] : rows) {
    EXPECT_EQ(
        value,
        Run(absl::StrCat(
            "const s = (x) => d.find(x).get(0), names = (l) => l.map((e) => e.id()).join(' '); ",
            absl::StartsWith(expression, "const") ? "" : "return ", expression)))
        << expression;
  }
}

}  // namespace
}  // namespace lockstep::agent
