namespace Serverless.Tests.Integration.Support;

/// <summary>Files that are written while somebody watches them: each is there whole or not at all, as it is of what writes beside it and renames.</summary>
internal static class Replaced
{
    public static void Write(string path, string text)
    {
        string beside = path + ".new";
        File.WriteAllText(beside, text);
        File.Move(beside, path, overwrite: true);
    }
}
