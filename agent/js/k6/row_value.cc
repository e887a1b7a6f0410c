#include "agent/js/k6/row_value.h"

#include <string>
#include <vector>

#include "agent/js/bind/properties.h"
#include "agent/js/bind/text.h"
#include "agent/js/bind/values.h"

namespace lockstep::agent {

v8::MaybeLocal<v8::Value> RowValue(Context context, const RowTable& table, int64_t row) {
  v8::Isolate* isolate = context->GetIsolate();
  if (table.syntax().format != RowFormat::kCsv) {
    return v8::JSON::Parse(context, JsText(isolate, table.Text(row)));
  }
  const std::vector<std::string> fields = table.Fields(row);
  if (!table.syntax().header) {
    return ArrayOf(context, fields);
  }
  const v8::Local<v8::Object> object = v8::Object::New(isolate);
  for (size_t i = 0; i < fields.size(); ++i) {
    SetProperty(context, object, table.columns()[i], fields[i]);
  }
  return object;
}

}  // namespace lockstep::agent
