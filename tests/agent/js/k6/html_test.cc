// The module k6/html.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
                                              {R"([data-n="2"])", 1},
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
  EXPECT_THAT(Run("d.find('li[')"), HasSubstr("invalid selector: li["));
  EXPECT_THAT(Run("d.find('li:nope')"), HasSubstr("invalid selector"));
}

TEST_F(HtmlTest, SelectionsReadAndWalk) {
  EXPECT_EQ(R"(["Shop & Co","Hello World","Hello <b>World</b>","top","none"])", Run(R"js(
    return [d.find('title').text(), d.find('h1').text(), d.find('h1').html(),
      d.find('h1').attr('id'), d.find('h1').attr('x', 'none')]
  )js"));
  EXPECT_EQ(R"(["two","three","one",["one","two","three"],2,"ul",2])", Run(R"js(
    const l = d.find('li');
    return [l.eq(1).text(), l.last().text(), l.eq(1).prev().text(), l.map((i, e) =>
      e.textContent()), l.eq(0).nextAll().size(), l.parent().get(0).nodeName(), l.eq(1).data('n')]
  )js"));
  EXPECT_EQ(R"([1,true,3,"list",2,1])", Run(R"js(
    const l = d.find('li');
    return [l.filter('.odd').size(), l.is('.odd'), d.find('ul').children().size(),
      l.closest('ul').attr('id'), l.not('.odd').size(), l.index('.odd')]
  )js"));
}

TEST_F(HtmlTest, FormsSerialize) {
  EXPECT_EQ(R"({"csrf":"t","c2":"on2","sel":"y","ta":"some text"})",
            Run("return d.find('form').serializeObject()"));
  EXPECT_EQ(R"("csrf=t&c2=on2&sel=y&ta=some+text")", Run("return d.find('form').serialize()"));
  EXPECT_EQ(R"(["y","some text"])",
            Run("return [d.find('select').val(), d.find('textarea').val()]"));
}

}  // namespace
}  // namespace lockstep::agent
