import { useTexts } from "../texts";

/** Says plainly what the small model is, and how whoever runs Anxin connects a larger one. */
export function DemoText() {
  const { t } = useTexts();
  return (
    <>
      <p>{t("demo.body")}</p>
      <p className="commands">
        <code>anxin serve --model ollama/{t("demo.name")}</code> {t("demo.either")}{" "}
        <code>anxin serve --model {t("demo.file")}</code>
      </p>
    </>
  );
}
