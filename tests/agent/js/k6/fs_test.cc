#include "absl/strings/str_cat.h"

#include "tests/agent/js/k6/module_test.h"

namespace lockstep::agent {
namespace {

using ::testing::HasSubstr;

class FsModule : public ModuleTest {
 protected:
  FsModule() { js_.files["dir/hello.txt"] = "hello world"; }
  // Opens `path` in the init context as the global `file`.
  std::string Open(const std::string& path) {
    return Init("return fs.open('" + path +
                "').then((f) => { globalThis.file = f; return f.path })");
  }
};

TEST_F(FsModule, OpensReadsAndSeeks) {
  EXPECT_EQ("\"/dir/hello.txt\"", Open("dir/hello.txt"));
  EXPECT_EQ(
      R"([{"name":"hello.txt","size":11},[5,"hello"],[5," worl"],[1,"d"],null,6,[5,"world"]])",
      Run(R"js(
    const buffer = new Uint8Array(5);
    const text = (n) => String.fromCharCode(...buffer.subarray(0, n));
    const read = async () => { const n = await file.read(buffer); return n === null ? null : [n, text(n)]; };
    return (async () => [await file.stat(), await read(), await read(), await read(), await read(),
      await file.seek(6, fs.SeekMode.Start), await read()])()
  )js"));
  EXPECT_EQ("[8,11,9]", Run(R"js(
    return (async () => [await file.seek(-3, fs.SeekMode.Current), await file.seek(0, fs.SeekMode.End),
      await file.seek(-2, fs.SeekMode.End)])()
  )js"));
}

TEST_F(FsModule, ReadsIntoAViewOnAPartOfABuffer) {
  Open("dir/hello.txt");
  EXPECT_EQ("[3,[0,0,104,101,108,0]]", Run(R"js(
    const bytes = new Uint8Array(6);
    return (async () => [await file.read(bytes.subarray(2, 5)), [...bytes]])()
  )js"));
}

TEST_F(FsModule, EachOpenHasItsOwnPositionInOneMemory) {
  EXPECT_EQ("[104,104]", Init(R"js(
    return (async () => {
      const [a, b] = [await fs.open('dir/hello.txt'), await fs.open('dir/hello.txt')];
      const [x, y] = [new Uint8Array(1), new Uint8Array(1)];
      await a.read(x);
      await b.read(y);
      return [x[0], y[0]];
    })()
  )js"));
  js_.files["dir/hello.txt"] = "changed";
  Open("dir/hello.txt");
  EXPECT_EQ("11", Run("return file.stat().then((s) => s.size)"));  // not read again
}

TEST_F(FsModule, MethodsOfAFileNeedNoFileBeforeThem) {
  Open("dir/hello.txt");
  EXPECT_EQ(R"([6,[5,"world"],11,["path"]])", Run(R"js(
    const { read, seek, stat } = file, bytes = new Uint8Array(5);
    return (async () => [await seek(6, fs.SeekMode.Start), [await read(bytes), String.fromCharCode(...bytes)],
      (await stat()).size, Object.keys(file)])()
  )js"));
  EXPECT_EQ("11", Run(R"js(
    return Object.getPrototypeOf(file).stat.call(file).then((facts) => facts.size)
  )js"));
  for (const char* stat :
       {"Object.getPrototypeOf(file).stat.call({})", "Object.create(file).stat.call({})",
        "Reflect.get(Object.getPrototypeOf(file), 'stat', 5)()"}) {
    EXPECT_THAT(Run(absl::StrCat("return ", stat)), HasSubstr("Illegal invocation")) << stat;
  }
  EXPECT_EQ(R"(["mine","path,stat"])", Run(R"js(
    file.stat = () => 'mine';
    return [file.stat(), Object.keys(file).join()]
  )js"));
}

TEST_F(FsModule, UserMistakes) {
  EXPECT_EQ("NotFoundError: open() failed: none.txt: no such file", Open("none.txt"));
  EXPECT_THAT(Open(""), HasSubstr("TypeError: open() failed: a path is expected"));
  EXPECT_THAT(Init("return fs.open(5)"), HasSubstr("TypeError: open() failed: a path is expected"));
  EXPECT_THAT(
      Run("return fs.open('dir/hello.txt')"),
      HasSubstr("ForbiddenError: open() failed: files are opened in the init context only"));
  Open("dir/hello.txt");
  for (const char* into : {"", "5", "new ArrayBuffer(5)", "new Uint16Array(5)"}) {
    EXPECT_THAT(Run(std::string("return file.read(") + into + ")"),
                HasSubstr("TypeError: read() failed: a Uint8Array is expected"));
  }
  EXPECT_THAT(Run("return file.seek('1', 0)"), HasSubstr("TypeError: seek() failed: offset"));
  EXPECT_THAT(Run("return file.seek(1.5, 0)"), HasSubstr("TypeError: seek() failed: offset"));
  EXPECT_THAT(Run("return file.seek(1)"), HasSubstr("TypeError: seek() failed: whence"));
  EXPECT_THAT(Run("return file.seek(1, 3)"), HasSubstr("TypeError: seek() failed: whence"));
  EXPECT_THAT(Run("return file.seek(12, 0)"),
              HasSubstr("TypeError: seek() failed: offset 12 leads out of the file"));
  EXPECT_THAT(Run("return new file.constructor()"), HasSubstr("no constructor"));
}

}  // namespace
}  // namespace lockstep::agent
