#include "common/messages/valid_text.h"

#include <gtest/gtest.h>

#include "lockstep/v1/control.pb.h"

namespace lockstep {
namespace {

TEST(MakeTextsValid, InFieldsListsMapsAndInnerMessages) {
  v1::AgentMessage message;
  v1::LogLine& line = *message.mutable_log_lines()->add_lines();
  line.set_message("lookup m\xFCnchen");
  line.add_fields()->set_value("\xFF");
  MakeTextsValid(&message);
  EXPECT_EQ(line.message(), "lookup m\uFFFDnchen");
  EXPECT_EQ(line.fields(0).value(), "\uFFFD");

  message.mutable_inspected()->add_exports("a");
  message.mutable_inspected()->add_exports("b\xFF");
  MakeTextsValid(&message);
  EXPECT_EQ(message.inspected().exports(0), "a");
  EXPECT_EQ(message.inspected().exports(1), "b\uFFFD");

  (*message.mutable_join()->mutable_labels())["k\xFF"] = "v\xFF";
  (*message.mutable_join()->mutable_labels())["k"] = "v";
  MakeTextsValid(&message);
  EXPECT_EQ(message.join().labels().size(), 2u);
  EXPECT_EQ(message.join().labels().at("k\uFFFD"), "v\uFFFD");
  EXPECT_TRUE(v1::AgentMessage().ParseFromString(message.SerializeAsString()));
}

TEST(MakeTextsValid, LeavesBytesAlone) {
  v1::AgentMessage message;
  (*message.mutable_handle_summary_done()->mutable_outputs())["file\xFF"] = "\xFF";
  MakeTextsValid(&message);
  EXPECT_EQ(message.handle_summary_done().outputs().at("file\uFFFD"), "\xFF");
}

}  // namespace
}  // namespace lockstep
