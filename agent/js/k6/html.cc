#include "agent/js/k6/html.h"

#include <string>

#include <gumbo.h>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

#include "agent/js/bind/embedded_scripts.h"
#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"

namespace lockstep::agent {
namespace {

using Context = v8::Local<v8::Context>;

constexpr int kDeepest = 500;  // elements nested deeper are left out

std::string TagOf(const GumboElement& element) {
  if (element.tag != GUMBO_TAG_UNKNOWN) {
    return gumbo_normalized_tagname(element.tag);
  }
  GumboStringPiece name = element.original_tag;
  gumbo_tag_from_original_text(&name);
  return absl::AsciiStrToLower(absl::string_view(name.data, name.length));
}

void AddChildren(Context context, const GumboVector& children, v8::Local<v8::Object> parent,
                 int depth);

void AddText(Context context, absl::string_view text, v8::Local<v8::Object> parent,
             v8::Local<v8::Array> kids) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> node = v8::Object::New(isolate);
  SetProperty(context, node, "text", JsText(isolate, text));
  SetProperty(context, node, "up", parent);
  kids->Set(context, kids->Length(), node).Check();
}

v8::Local<v8::Object> MakeElement(Context context, absl::string_view tag,
                                  v8::Local<v8::Value> parent) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> node = v8::Object::New(isolate);
  SetProperty(context, node, "tag", JsName(isolate, tag));
  SetProperty(context, node, "attrs",
              v8::Object::New(isolate, v8::Null(isolate), nullptr, nullptr, 0));
  SetProperty(context, node, "kids", v8::Array::New(isolate));
  SetProperty(context, node, "up", parent);
  return node;
}

void AddElement(Context context, const GumboElement& element, v8::Local<v8::Object> parent,
                v8::Local<v8::Array> kids, int depth) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> node = MakeElement(context, TagOf(element), parent);
  v8::Local<v8::Value> attributes;
  if (!GetProperty(context, node, "attrs", &attributes)) {
    return;
  }
  for (unsigned int i = 0; i < element.attributes.length; ++i) {
    const auto* attribute = static_cast<const GumboAttribute*>(element.attributes.data[i]);
    SetProperty(context, attributes.As<v8::Object>(), attribute->name,
                JsText(isolate, attribute->value));
  }
  kids->Set(context, kids->Length(), node).Check();
  AddChildren(context, element.children, node, depth + 1);
}

void AddChildren(Context context, const GumboVector& children, v8::Local<v8::Object> parent,
                 int depth) {
  v8::Local<v8::Value> kids;
  if (depth > kDeepest || !GetProperty(context, parent, "kids", &kids)) {
    return;
  }
  for (unsigned int i = 0; i < children.length; ++i) {
    const v8::HandleScope scope(context->GetIsolate());
    const auto* child = static_cast<const GumboNode*>(children.data[i]);
    switch (child->type) {
      case GUMBO_NODE_ELEMENT:
      case GUMBO_NODE_TEMPLATE:
        AddElement(context, child->v.element, parent, kids.As<v8::Array>(), depth);
        break;
      case GUMBO_NODE_TEXT:
      case GUMBO_NODE_CDATA:
      case GUMBO_NODE_WHITESPACE:
        AddText(context, child->v.text.text, parent, kids.As<v8::Array>());
        break;
      case GUMBO_NODE_DOCUMENT:
      case GUMBO_NODE_COMMENT:
        break;
    }
  }
}

// parse(text): the tree under a root that is not an element of the page.
void Parse(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const Context context = isolate->GetCurrentContext();
  std::string text;
  if (!ToText(context, info[0], &text)) {
    return;
  }
  GumboOutput* parsed = gumbo_parse_with_options(&kGumboDefaultOptions, text.data(), text.size());
  const v8::Local<v8::Object> root = MakeElement(context, "#root", v8::Null(isolate));
  AddChildren(context, parsed->document->v.document.children, root, 0);
  gumbo_destroy_output(&kGumboDefaultOptions, parsed);
  info.GetReturnValue().Set(root);
}

}  // namespace

v8::MaybeLocal<v8::Object> MakeHtmlFunctions(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> make, functions;
  v8::Local<v8::Function> parse;
  if (!v8::Function::New(context, Parse).ToLocal(&parse) ||
      !v8::Script::Compile(context, JsText(isolate, HtmlSource())).ToLocal(&script) ||
      !script->Run(context).ToLocal(&make)) {
    return {};
  }
  v8::Local<v8::Value> argument = parse;
  if (!make.As<v8::Function>()
           ->Call(context, v8::Undefined(isolate), 1, &argument)
           .ToLocal(&functions)) {
    return {};
  }
  return functions.As<v8::Object>();
}

v8::Local<v8::Object> MakeHtmlModule(Context context) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = v8::Object::New(isolate);
  v8::Local<v8::Object> functions;
  if (MakeHtmlFunctions(context).ToLocal(&functions)) {
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
