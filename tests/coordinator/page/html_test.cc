#include "coordinator/page/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::coordinator {
namespace {

using ::testing::HasSubstr;

TEST(Html, WhatComesFromOutsideIsText) {
  EXPECT_EQ(EscapeHtml("<a href='x' id=\"y\">&</a>"),
            "&lt;a href=&#39;x&#39; id=&quot;y&quot;&gt;&amp;&lt;/a&gt;");
  EXPECT_EQ(EscapeHtml("bell \a, broken \xff, tab\t"), "bell \uFFFD, broken \uFFFD, tab\t");
}

TEST(Html, ATableHasACaptionHeadersAndKeysToSortBy) {
  HtmlTable table("Things <1>", {"Name", "#Size"});
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.Html(), "");
  table.Add({{"a<b"}, {"1.5 kB", 1500, "bad"}}, "bad");
  const std::string html = table.Html();
  EXPECT_THAT(html, HasSubstr("<caption class=\"unseen\">Things &lt;1&gt;</caption>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"col\" class=\"n\">Size</th>"));
  EXPECT_THAT(html, HasSubstr("<tr class=\"bad\"><th scope=\"row\">a&lt;b</th>"
                              "<td class=\"n bad\" data-v=\"1500\">1.5 kB</td></tr>"));
}

TEST(Html, ThousandsAreSetApart) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1234567), "1\u202F234\u202F567");
  EXPECT_EQ(CountText(-1000), "-1\u202F000");
}

}  // namespace
}  // namespace lockstep::coordinator
