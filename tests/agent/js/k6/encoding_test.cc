#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

class EncodingModule : public ModuleTest {};

TEST_F(EncodingModule, GoesBothWays) {
  EXPECT_EQ(R"("aGk_Pj5-w7w")", Run("return encoding.b64encode('hi?>>~\xc3\xbc', 'rawurl')"));
  EXPECT_EQ(R"("hi?>>~ü")", Run("return encoding.b64decode('aGk_Pj5-w7w', 'rawurl', 's')"));
  EXPECT_EQ("[0,255,128]", Run(R"js(
    const text = encoding.b64encode(new Uint8Array([0, 255, 128]).buffer);
    return Array.from(new Uint8Array(encoding.b64decode(text)))
  )js"));
  EXPECT_THAT(Run("encoding.b64decode('*')"), HasSubstr("illegal base64 data at input byte 0"));
}

}  // namespace
}  // namespace lockstep::agent
