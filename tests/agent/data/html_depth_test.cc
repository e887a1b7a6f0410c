#include "agent/data/html_depth.h"

#include <string>

#include <gtest/gtest.h>

namespace lockstep::agent {
namespace {

std::string Times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

TEST(HtmlDepth, IsOfWhatIsOpenAtOnce) {
  EXPECT_FALSE(NestsDeeperThan("<div><b>x</b></div>", 2));
  EXPECT_TRUE(NestsDeeperThan("<div><b>x</b></div>", 1));
  EXPECT_TRUE(NestsDeeperThan(Times(11, "<DIV class='a>b'>"), 10));
  EXPECT_FALSE(NestsDeeperThan(Times(100, "<div></div>"), 10));
}

TEST(HtmlDepth, IsNotFooledByEndTags) {
  EXPECT_TRUE(NestsDeeperThan(Times(11, "<div></b>"), 10)) << "they end nothing";
  EXPECT_FALSE(NestsDeeperThan(Times(100, "<div><span></div>"), 10)) << "they end what is inside";
  EXPECT_TRUE(NestsDeeperThan(Times(11, "<div/>"), 10)) << "which is a start tag in HTML";
  EXPECT_FALSE(NestsDeeperThan("<svg>" + Times(100, "<path/>"), 10));
}

TEST(HtmlDepth, DoesNotCountWhatIsNoElementOrEndsByItself) {
  EXPECT_FALSE(NestsDeeperThan(Times(100, "<li>a<br><p>b"), 10));
  EXPECT_FALSE(NestsDeeperThan("<script>" + Times(100, "'<div>'") + "</script>", 10));
  EXPECT_FALSE(NestsDeeperThan("<!--" + Times(100, "<div>") + "-->", 10));
  EXPECT_FALSE(NestsDeeperThan(Times(100, "a < b <3 <"), 10));
  for (const char* unfinished : {"<", "<!--", "<div", "<div a='", "</", "<script>", "<title></"}) {
    EXPECT_FALSE(NestsDeeperThan(unfinished, 1)) << unfinished;
  }
}

}  // namespace
}  // namespace lockstep::agent
