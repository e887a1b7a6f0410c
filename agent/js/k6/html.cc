#include "agent/js/k6/html.h"

#include <string>

#include <gumbo.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

#include "agent/data/html_depth.h"
#include "agent/js/bind/errors.h"
#include "agent/js/bind/functions.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/script_exports.h"
#include "agent/js/bind/text.h"
#include "agent/js/k6/api_vu.h"

namespace lockstep::agent {
namespace {

constexpr int kDeepest = 500;  // elements nested deeper are left out
// A page that nests more is refused: gumbo takes time with the square of it.
constexpr size_t kMostNested = 2000;

// The kinds of nodes, as in html_tree.js.
enum NodeType : int { kElement = 1, kText = 3, kComment = 8, kDocument = 9, kDoctype = 10 };

std::string TagOf(const GumboElement& element) {
  GumboStringPiece name = element.original_tag;
  if (name.data != nullptr) {
    gumbo_tag_from_original_text(&name);
  }
  if (element.tag_namespace == GUMBO_NAMESPACE_SVG && name.data != nullptr) {
    if (const char* mixed_case = gumbo_normalize_svg_tagname(&name)) {
      return mixed_case;
    }
  }
  if (element.tag != GUMBO_TAG_UNKNOWN) {
    return gumbo_normalized_tagname(element.tag);
  }
  return absl::AsciiStrToLower(absl::string_view(name.data, name.length));
}

// Gumbo parses a page as a browser with scripting off; k6, as one with scripting on, where the
// contents of <noscript> are text. Those of <noframes> always are: on a page without frames, the
// tags of <noscript> are renamed for gumbo, and back in the tree.
constexpr absl::string_view kNoScript = "noscript", kNoFrames = "noframes";

// Renames the tags `from` to `to`, which has the same length, and keeps their letter case. Returns
// whether there were any.
bool RenameTags(absl::string_view from, absl::string_view to, std::string* text) {
  bool found = false;
  for (size_t at = text->find('<'); at != std::string::npos; at = text->find('<', at + 1)) {
    const size_t name = at + (absl::StartsWith(absl::string_view(*text).substr(at), "</") ? 2 : 1);
    if (!absl::StartsWithIgnoreCase(absl::string_view(*text).substr(name), from)) {
      continue;
    }
    found = true;
    for (size_t i = 0; i < from.size(); ++i) {
      char& c = (*text)[name + i];
      c = absl::ascii_isupper(static_cast<unsigned char>(c))
              ? absl::ascii_toupper(static_cast<unsigned char>(to[i]))
              : to[i];
    }
  }
  return found;
}

// Gumbo moves text that stands right before </form> out of the form. With this mark between the
// two, the text stays where it is.
constexpr absl::string_view kMark = "<?lockstep>", kMarkAsComment = "?lockstep";

// A tree of V8 objects in the making.
class TreeBuilder {
 public:
  // `renamed`: the tags of <noscript> were renamed for gumbo.
  TreeBuilder(Context context, bool renamed)
      : context_(context), isolate_(context->GetIsolate()), renamed_(renamed) {}

  v8::Local<v8::Object> Build(const GumboDocument& document) {
    const v8::Local<v8::Object> root = Make(kDocument, v8::Null(isolate_));
    const v8::Local<v8::Array> children = AddChildren(root);
    if (document.has_doctype) {
      const v8::Local<v8::Object> doctype = Append(kDoctype, root, children);
      Set(doctype, "name", document.name);
      Set(doctype, "publicId", document.public_identifier);
      Set(doctype, "systemId", document.system_identifier);
    }
    AppendAll(document.children, root, children, 0);
    return root;
  }

 private:
  v8::Local<v8::Object> Make(NodeType type, v8::Local<v8::Value> parent) {
    const v8::Local<v8::Object> node = v8::Object::New(isolate_);
    SetProperty(context_, node, "type", static_cast<int>(type));
    SetProperty(context_, node, "parent", parent);
    return node;
  }

  v8::Local<v8::Object> Append(NodeType type, v8::Local<v8::Object> parent,
                               v8::Local<v8::Array> siblings) {
    const v8::Local<v8::Object> node = Make(type, parent);
    AppendTo(context_, siblings, node);
    return node;
  }

  v8::Local<v8::Array> AddChildren(v8::Local<v8::Object> node) {
    const v8::Local<v8::Array> children = v8::Array::New(isolate_);
    SetProperty(context_, node, "children", children);
    return children;
  }

  void Set(v8::Local<v8::Object> node, const char* name, absl::string_view text) {
    std::string restored;
    if (absl::StrContains(text, '<')) {
      restored = absl::StrReplaceAll(text, {{kMark, ""}});
      if (renamed_) {
        RenameTags(kNoFrames, kNoScript, &restored);
      }
      text = restored;
    }
    SetProperty(context_, node, name, text);
  }

  void AppendElement(const GumboElement& element, v8::Local<v8::Object> parent,
                     v8::Local<v8::Array> siblings, int depth) {
    const v8::Local<v8::Object> node = Append(kElement, parent, siblings);
    const std::string tag = TagOf(element);
    SetProperty(
        context_, node, "name",
        JsName(isolate_, renamed_ && tag == kNoFrames ? kNoScript : absl::string_view(tag)));
    if (element.tag_namespace != GUMBO_NAMESPACE_HTML) {
      Set(node, "namespace", element.tag_namespace == GUMBO_NAMESPACE_SVG ? "svg" : "math");
    }
    const v8::Local<v8::Object> attributes =
        v8::Object::New(isolate_, v8::Null(isolate_), nullptr, nullptr, 0);
    for (unsigned int i = 0; i < element.attributes.length; ++i) {
      const auto* attribute = static_cast<const GumboAttribute*>(element.attributes.data[i]);
      Set(attributes, attribute->name, attribute->value);
    }
    SetProperty(context_, node, "attributes", attributes);
    AppendAll(element.children, node, AddChildren(node), depth + 1);
  }

  void AppendAll(const GumboVector& children, v8::Local<v8::Object> parent,
                 v8::Local<v8::Array> siblings, int depth) {
    for (unsigned int i = 0; depth <= kDeepest && i < children.length; ++i) {
      const v8::HandleScope scope(isolate_);
      const auto* child = static_cast<const GumboNode*>(children.data[i]);
      switch (child->type) {
        case GUMBO_NODE_ELEMENT:
        case GUMBO_NODE_TEMPLATE:
          AppendElement(child->v.element, parent, siblings, depth);
          break;
        case GUMBO_NODE_TEXT:
        case GUMBO_NODE_CDATA:
        case GUMBO_NODE_WHITESPACE:
          Set(Append(kText, parent, siblings), "text", child->v.text.text);
          break;
        case GUMBO_NODE_COMMENT:
          if (child->v.text.text != kMarkAsComment) {
            Set(Append(kComment, parent, siblings), "text", child->v.text.text);
          }
          break;
        case GUMBO_NODE_DOCUMENT:
          break;
      }
    }
  }

  const Context context_;
  v8::Isolate* const isolate_;
  const bool renamed_;
};

// parse(text): the document, as html_tree.js describes it.
void Parse(const Info& info) {
  const Context context = info.GetIsolate()->GetCurrentContext();
  std::string text;
  if (!ToText(context, info[0], &text)) {
    return;
  }
  if (NestsDeeperThan(text, kMostNested)) {
    ThrowError(info.GetIsolate(),
               absl::StrCat("the HTML nests more than ", kMostNested, " elements in one another"));
    return;
  }
  text = absl::StrReplaceAll(
      text, {{"</form", absl::StrCat(kMark, "</form")}, {"</FORM", absl::StrCat(kMark, "</FORM")}});
  const bool renamed =
      !RenameTags(kNoFrames, kNoFrames, &text) && RenameTags(kNoScript, kNoFrames, &text);
  GumboOutput* parsed = gumbo_parse_with_options(&kGumboDefaultOptions, text.data(), text.size());
  info.GetReturnValue().Set(TreeBuilder(context, renamed).Build(parsed->document->v.document));
  gumbo_destroy_output(&kGumboDefaultOptions, parsed);
}

void HtmlWarn(const Info& info) {
  WarnOfCall(BoundTo<ApiVu>(info), TextArgument(info, 0));
}

}  // namespace

v8::MaybeLocal<v8::Object> HtmlFunctions(Context context, ApiVu& vu) {
  return MadeOnce(context, "k6/html", [context, &vu]() -> v8::MaybeLocal<v8::Value> {
    v8::Local<v8::Function> parse, warn;
    v8::Local<v8::Value> tree, css_select, selectors, elements, bind_methods;
    if (!v8::Function::New(context, Parse).ToLocal(&parse) ||
        !v8::Function::New(context, HtmlWarn, v8::External::New(context->GetIsolate(), &vu))
             .ToLocal(&warn) ||
        !ResultOf(context, "k6/html_tree.js", {}).ToLocal(&tree) ||
        !Evaluated(context, "vendor/css-select.js").ToLocal(&css_select) ||
        !Evaluated(context, "k6/html_selectors.js").ToLocal(&selectors) ||
        !Evaluated(context, "k6/html_element.js").ToLocal(&elements) ||
        !ResultOf(context, "k6/bound_methods.js", {}).ToLocal(&bind_methods)) {
      return {};
    }
    return ResultOf(context, "k6/html.js",
                    {parse, warn, tree, css_select, selectors, elements, bind_methods});
  });
}

v8::Local<v8::Object> MakeHtmlModule(Context context, ApiVu& vu) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  v8::Local<v8::Object> functions;
  if (HtmlFunctions(context, vu).ToLocal(&functions)) {
    for (const char* name : {"parseHTML", "Selection"}) {
      v8::Local<v8::Value> value;
      if (GetProperty(context, functions, name, &value)) {
        SetProperty(context, exports, name, value);
      }
    }
  }
  return exports;
}

}  // namespace lockstep::agent
